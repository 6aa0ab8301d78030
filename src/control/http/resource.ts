import type { Hono } from "hono";
import { SDP_TYPE } from "./body.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { isPreflight } from "./cors.ts";
import { methodNotAllowed } from "./problem.ts";

export type Handler = (c: AppContext) => Response | Promise<Response>;

export interface Methods {
  readonly GET?: Handler;
  readonly POST?: Handler;
  readonly PATCH?: Handler;
  readonly DELETE?: Handler;
  /** Link values for an OPTIONS that is no preflight (RFC 9725 4.6). */
  readonly links?: (c: AppContext) => Promise<readonly string[]>;
}

/** Serves the methods of one resource; OPTIONS is answered, anything else is 405 with Allow. */
export function mountResource(app: Hono<AppEnv>, path: string, methods: Methods): void {
  const allowed = METHODS.filter((method) => methods[method] !== undefined);
  const allow = ["OPTIONS", ...(methods.GET ? ["HEAD"] : []), ...allowed].join(", ");
  app.all(path, async (c) => {
    if (c.req.method === "OPTIONS") return options(c, methods, allow);
    const method = METHODS.find(
      (name) => name === (c.req.method === "HEAD" ? "GET" : c.req.method),
    );
    const handler = method === undefined ? undefined : methods[method];
    return handler === undefined ? methodNotAllowed(c.req.method, allow) : handler(c);
  });
}

const METHODS = ["GET", "POST", "PATCH", "DELETE"] as const;

/** 200 with Accept-Post whoever asks (RFC 9725 4.2); the CORS headers are added for all. */
async function options(c: AppContext, methods: Methods, allow: string): Promise<Response> {
  const headers = new Headers({ Allow: allow, "Accept-Post": SDP_TYPE });
  if (!isPreflight(c.req.raw) && methods.links !== undefined) {
    for (const link of await methods.links(c)) headers.append("Link", link);
  }
  return new Response(null, { status: 200, headers });
}
