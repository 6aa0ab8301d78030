import { createRoute, z } from "@hono/zod-openapi";
import { kickSession } from "../streams/kick.ts";
import { collectStats, describeSession } from "../streams/snapshot.ts";
import {
  allSessions,
  askedNodes,
  askNode,
  elsewhere,
  listedSession,
  lookAll,
  nodesSchema,
  scopeQuery,
} from "./admin-cluster.ts";
import { type AdminServices, type Api, json, problemResponse, refusal } from "./admin-route.ts";
import { sessionSchema } from "./admin-schemas.ts";
import { noAnswer, notFound } from "./problem.ts";

const sessionId = z.object({
  id: z.string().describe("ID@NODE for one of another node: its id, or 8 digits of it or more."),
});
const UNANSWERED = problemResponse("The node did not answer within a second.");

/** GET /sessions, GET /sessions/ID. */
export function mountSessions(api: Api, services: AdminServices): void {
  mountList(api, services);
  mountOne(api, services);
}

function mountList(api: Api, { registry, plane, clock, cluster }: AdminServices): void {
  const list = createRoute({
    method: "get",
    path: "/sessions",
    summary: "All publishers and viewers, of all nodes.",
    request: { query: scopeQuery },
    responses: {
      200: json(
        z.object({ sessions: z.array(listedSession), nodes: nodesSchema }),
        "The sessions; those of other nodes without their tracks.",
      ),
    },
  });
  api.openapi(list, async (c) => {
    const looked = lookAll(cluster, c.req.valid("query").scope, "sessions");
    const own = [...registry.sessions.all()];
    const stats = await collectStats(plane, own);
    const described = own.map((session) =>
      describeSession(session, stats.get(session.number), clock),
    );
    const replies = await looked;
    const sessions = allSessions(described, cluster?.setup.node ?? null, replies);
    return c.json({ sessions, nodes: askedNodes(replies) }, 200);
  });
}

function mountOne(api: Api, services: AdminServices): void {
  const { registry, plane, clock, cluster } = services;
  const one = createRoute({
    method: "get",
    path: "/sessions/{id}",
    summary: "One session.",
    request: { params: sessionId },
    responses: {
      200: json(sessionSchema, "The session."),
      404: problemResponse("No such session."),
      504: UNANSWERED,
    },
  });
  api.openapi(one, async (c) => {
    const place = elsewhere(c.req.valid("param").id, cluster);
    if (cluster !== null && place.node !== null) {
      const reply = await askNode(cluster, { about: "sessions", id: place.id }, place.node);
      if (!reply.answered) return refusal(noAnswer(place.node));
      const { data } = sessionSchema.safeParse(reply.value);
      return data === undefined ? refusal(notFound("session")) : c.json(data, 200);
    }
    const session = registry.sessions.byPublicId(place.id);
    if (session === null) return refusal(notFound("session"));
    const stats = await collectStats(plane, [session]);
    return c.json(describeSession(session, stats.get(session.number), clock), 200);
  });
}

/** DELETE /sessions/ID. */
export function mountKick(api: Api, services: AdminServices): void {
  const { cluster } = services;
  const kick = createRoute({
    method: "delete",
    path: "/sessions/{id}",
    summary: "Ends a session, at whichever node it is.",
    request: { params: sessionId },
    responses: {
      204: { description: "Ended." },
      404: problemResponse("No such session."),
      504: UNANSWERED,
    },
  });
  api.openapi(kick, async (c) => {
    const { id, node } = elsewhere(c.req.valid("param").id, cluster);
    if (cluster === null || node === null) {
      if (kickSession(services, id) === null) return refusal(notFound("session"));
      return c.body(null, 204);
    }
    const { answered, value } = await askNode(cluster, { about: "kick", id }, node);
    if (!answered) return refusal(noAnswer(node));
    return value === null ? refusal(notFound("session")) : c.body(null, 204);
  });
}
