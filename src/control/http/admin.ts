/** /api/v1: list, inspect, kick, stats; described by its own OpenAPI document. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { mountDrills } from "./admin-drills.ts";
import type { AdminServices, Api } from "./admin-route.ts";
import { mountKick, mountSessions } from "./admin-sessions.ts";
import { mountStats, type StatsParts } from "./admin-stats.ts";
import { mountStatus } from "./admin-status.ts";
import { mountStreamKick, mountStreams } from "./admin-streams.ts";
import { tokenOf } from "./auth.ts";
import type { AppEnv } from "./context.ts";
import { isPreflight } from "./cors.ts";
import { problem } from "./problem.ts";

export function createAdmin(parts: StatsParts): Api {
  const api: Api = new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0];
      const place =
        issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")} `;
      return problem(400, "Bad request", `${place}${issue?.message ?? "Not understood"}.`);
    },
  });
  authorize(api, parts.services);
  mountStreams(api, parts.services);
  mountSessions(api, parts.services);
  mountKick(api, parts.services);
  mountStreamKick(api, parts.services);
  mountStats(api, parts);
  mountStatus(api, parts.services);
  if (parts.services.config.drills) mountDrills(api, parts.services);
  api.doc("/openapi.json", {
    openapi: "3.0.3",
    info: { title: "Spillway", version: parts.services.version },
    servers: [{ url: "/api/v1" }],
  });
  return api;
}

/**
 * Everything needs admin, but the list of streams is also for those who may watch them, whether by
 * a token or because anybody may.
 */
function authorize(api: Api, services: AdminServices): void {
  api.use("*", async (c, next) => {
    const path = c.req.path.replace(/^\/api\/v1/, "");
    c.header("Cache-Control", "no-store");
    if (path === "/openapi.json") return next();
    const { auth } = services;
    const request = c.req.raw;
    if (path === "/streams" && isPreflight(request)) return c.body(null, 204);
    const verdict = await auth.check(request, c.get("client"), "admin", null);
    if (verdict.ok) return next();
    if (path !== "/streams" || request.method !== "GET") return verdict.response;
    const viewer = await auth.check(request, c.get("client"), "view", null);
    if (viewer.ok) {
      c.set("covers", (name) => viewer.grant.covers(name) || auth.isViewable(name));
      return next();
    }
    if (tokenOf(request) !== null || !auth.isViewable(null)) return verdict.response;
    c.set("covers", (name) => auth.isViewable(name));
    await next();
    // A token may show more (RFC 9110 11.6.1).
    c.header("WWW-Authenticate", 'Bearer realm="spillway"');
    return undefined;
  });
}
