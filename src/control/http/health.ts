import type { Hono } from "hono";
import type { AppEnv } from "./context.ts";

/** /healthz: the process lives. /readyz: new sessions are welcome. */
export function mountHealth(app: Hono<AppEnv>, ready: () => boolean): void {
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => (ready() ? c.text("ready\n") : c.text("not ready\n", 503)));
}
