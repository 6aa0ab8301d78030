/** What the families of /api/v1 share. */
import type { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Config } from "../../config.ts";
import type { Logger } from "../../log.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { Registry } from "../streams/registry.ts";
import type { SourceRates } from "../streams/source-rates.ts";
import type { Tails } from "../streams/tails.ts";
import { problemSchema } from "./admin-schemas.ts";
import type { Authenticator } from "./auth.ts";
import type { AppEnv } from "./context.ts";

export type Api = OpenAPIHono<AppEnv>;

/** What the API works with. */
export interface AdminServices {
  readonly config: Config;
  readonly version: string;
  readonly auth: Authenticator;
  readonly registry: Registry;
  readonly plane: MediaPlane;
  readonly rates: SourceRates;
  /** Null where streams have none. */
  readonly tails: Tails | null;
  /** Null where this node belongs to none. */
  readonly cluster: Cluster | null;
  readonly clock: Clock;
  readonly log: Logger;
}

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

export function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

/** zod-openapi types a handler by its JSON responses; ready-made problem bodies pass as they are. */
export function refusal(response: Response): never {
  throw new Refusal(response);
}

/** Carries a ready response out of a handler; `app.onError` sends it. */
export class Refusal extends Error {
  constructor(readonly response: Response) {
    super("refused");
  }
}
