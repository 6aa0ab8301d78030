import type { Context } from "hono";
import type { Client } from "./proxy.ts";

/** What the HTTP server passes with each request: the socket's remote address, and whether TLS. */
export interface Bindings {
  readonly address?: string;
  readonly secure?: boolean;
  /** The answer may take as long as TAIL_WAIT_US: its connection is not idle. */
  readonly patient?: () => void;
}

export interface AppEnv {
  Bindings: Bindings;
  Variables: {
    client: Client;
    /** Of GET /api/v1/streams by a viewer's token: the names that it may see. */
    covers: ((stream: string) => boolean) | undefined;
  };
}

export type AppContext = Context<AppEnv>;
