import type { Context } from "hono";
import type { Config } from "../../config.ts";
import type { Logger } from "../../log.ts";
import type { Announcer } from "../bus/announcer.ts";
import type { EventHub } from "../bus/events.ts";
import type { NoteFault } from "../bus/faults.ts";
import type { Hook } from "../bus/hook.ts";
import type { Metrics } from "../bus/metrics.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { Registry } from "../streams/registry.ts";
import type { StreamLayers } from "../streams/stream-layers.ts";
import type { Authenticator } from "./auth.ts";
import type { Client } from "./proxy.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What every route family works with. */
export interface Services {
  readonly config: Config;
  readonly plane: MediaPlane;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly version: string;
  readonly registry: Registry;
  readonly auth: Authenticator;
  readonly hook: Hook;
  readonly rateLimit: RateLimit;
  readonly announcer: Announcer;
  readonly events: EventHub;
  readonly layers: StreamLayers;
  readonly metrics: Metrics;
  readonly noteFault: NoteFault;
  /** True from SIGTERM on: no new sessions. */
  readonly draining: () => boolean;
}

/** What the HTTP server passes with each request: the socket's remote address, and whether TLS. */
export interface Bindings {
  readonly address?: string;
  readonly secure?: boolean;
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
