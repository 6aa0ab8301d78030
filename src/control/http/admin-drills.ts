import { createRoute } from "@hono/zod-openapi";
import type { AdminServices, Api } from "./admin-route.ts";
import { drillSchema } from "./admin-schemas.ts";
import { notFound } from "./problem.ts";

/** POST /drills. */
export function mountDrills(api: Api, services: AdminServices): void {
  const route = createRoute({
    method: "post",
    path: "/drills",
    summary: "Makes a worker, a session or a request throw or fault. Only with --drills.",
    request: { body: { required: true, content: { "application/json": { schema: drillSchema } } } },
    responses: { 204: { description: "Ordered." }, 404: { description: "No such session." } },
  });
  api.openapi(route, (c) => {
    const drill = c.req.valid("json");
    if (drill.kind === "request") throw new Error("drill: a request throws");
    if (drill.kind === "rejection") void Promise.reject(new Error("drill: nobody awaits this"));
    else if ("worker" in drill) services.plane.drill(drill.worker, { kind: drill.kind });
    else if ("session" in drill) {
      const session = services.registry.sessions.byPublicId(drill.session);
      if (session === null) return notFound("session");
      services.plane.drill(session.worker, { kind: drill.kind, session: session.number });
    }
    return c.body(null, 204);
  });
}
