import { createRoute, z } from "@hono/zod-openapi";
import { collectStats, describeSession } from "../streams/snapshot.ts";
import { type AdminServices, type Api, json, problemResponse, refusal } from "./admin-route.ts";
import { sessionSchema } from "./admin-schemas.ts";
import { notFound } from "./problem.ts";

const sessionId = z.object({ id: z.string() });

/** GET /sessions, GET /sessions/ID. */
export function mountSessions(api: Api, services: AdminServices): void {
  const { registry, plane, clock } = services;
  const list = createRoute({
    method: "get",
    path: "/sessions",
    summary: "All publishers and viewers.",
    responses: { 200: json(z.object({ sessions: z.array(sessionSchema) }), "The sessions.") },
  });
  api.openapi(list, async (c) => {
    const sessions = [...registry.sessions.all()];
    const stats = await collectStats(plane, sessions);
    return c.json(
      {
        sessions: sessions.map((session) =>
          describeSession(session, stats.get(session.number), clock),
        ),
      },
      200,
    );
  });

  const one = createRoute({
    method: "get",
    path: "/sessions/{id}",
    summary: "One session.",
    request: { params: sessionId },
    responses: {
      200: json(sessionSchema, "The session."),
      404: problemResponse("No such session."),
    },
  });
  api.openapi(one, async (c) => {
    const session = registry.sessions.byPublicId(c.req.valid("param").id);
    if (session === null) return refusal(notFound("session"));
    const stats = await collectStats(plane, [session]);
    return c.json(describeSession(session, stats.get(session.number), clock), 200);
  });
}

/** DELETE /sessions/ID. */
export function mountKick(api: Api, services: AdminServices): void {
  const { registry, log } = services;
  const kick = createRoute({
    method: "delete",
    path: "/sessions/{id}",
    summary: "Ends a session.",
    request: { params: sessionId },
    responses: { 204: { description: "Ended." }, 404: problemResponse("No such session.") },
  });
  api.openapi(kick, (c) => {
    const session = registry.sessions.byPublicId(c.req.valid("param").id);
    if (session === null) return refusal(notFound("session"));
    log.info("Session kicked", { session: session.publicId, stream: session.stream });
    registry.end(session, "kicked");
    return c.body(null, 204);
  });
}
