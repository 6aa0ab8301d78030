import { createRoute, z } from "@hono/zod-openapi";
import { type Kicked, kickStream } from "../streams/kick.ts";
import {
  collectStats,
  describeSession,
  describeStream,
  describeStreams,
} from "../streams/snapshot.ts";
import {
  allStreams,
  askedNodes,
  describeHeard,
  lookAll,
  nodesSchema,
  scopeQuery,
} from "./admin-cluster.ts";
import { type AdminServices, type Api, json, problemResponse, refusal } from "./admin-route.ts";
import { sessionSchema, streamSchema } from "./admin-schemas.ts";
import { notFound } from "./problem.ts";

/** GET /streams, GET /streams/NAME. */
export function mountStreams(api: Api, services: AdminServices): void {
  mountList(api, services);
  mountOne(api, services);
}

function mountList(api: Api, services: AdminServices): void {
  const { cluster } = services;
  const list = createRoute({
    method: "get",
    path: "/streams",
    summary: "Streams that are live or waited for, as far as the token may watch them.",
    request: { query: scopeQuery },
    responses: {
      200: json(
        z.object({ streams: z.array(streamSchema), nodes: nodesSchema }),
        "The streams of all nodes; who may only watch is told what this node knows.",
      ),
    },
  });
  api.openapi(list, async (c) => {
    const { scope } = c.req.valid("query");
    const covers = c.get("covers");
    const isTold = (name: string): boolean => covers?.(name) ?? true;
    const own = await describeStreams(services, isTold);
    const heard = cluster === null || scope === "node" ? [] : [...cluster.heard()];
    const known = heard.filter(({ name }) => isTold(name)).map(describeHeard);
    const replies = covers === undefined ? await lookAll(cluster, scope, "streams") : [];
    const streams = allStreams([...own, ...known], replies);
    return c.json({ streams, nodes: askedNodes(replies) }, 200);
  });
}

function mountOne(api: Api, services: AdminServices): void {
  const { registry, plane, rates, tails, clock } = services;
  const one = createRoute({
    method: "get",
    path: "/streams/{name}",
    summary: "One stream and its sessions at this node; a slash in the name is written %2F.",
    request: { params: z.object({ name: z.string() }) },
    responses: {
      200: json(streamSchema.extend({ sessions: z.array(sessionSchema) }), "The stream."),
      404: problemResponse("No such stream."),
    },
  });
  api.openapi(one, async (c) => {
    const stream = registry.streams.get(c.req.valid("param").name);
    if (stream === undefined) return refusal(notFound("stream"));
    const { publisher, candidate, viewers } = stream;
    const sessions = [publisher, candidate, ...viewers].filter((session) => session !== null);
    const stats = await collectStats(plane, sessions);
    return c.json(
      {
        ...describeStream(stream, { stats, plane, rates, tails, clock }),
        sessions: sessions.map((session) =>
          describeSession(session, stats.get(session.number), clock),
        ),
      },
      200,
    );
  });
}

const kickedSchema = z
  .object({ publishers: z.number().int(), viewers: z.number().int() })
  .describe("Sessions that were ended.");

/** DELETE /streams/NAME. */
export function mountStreamKick(api: Api, services: AdminServices): void {
  const { cluster, registry, log } = services;
  const kick = createRoute({
    method: "delete",
    path: "/streams/{name}",
    summary: "Ends the publisher and all viewers of a stream, at all nodes.",
    request: { params: z.object({ name: z.string() }), query: scopeQuery },
    responses: {
      200: json(
        z.object({ ended: kickedSchema, nodes: nodesSchema }),
        "Ended at this node and at those that answered.",
      ),
      404: problemResponse("No such stream: no node has a session of it, and all answered."),
    },
  });
  api.openapi(kick, async (c) => {
    const stream = c.req.valid("param").name;
    const isAlone = cluster === null || c.req.valid("query").scope === "node";
    const own = kickStream({ registry, log }, stream);
    const replies = isAlone ? [] : await cluster.asks.ask({ about: "kick", stream });
    const told = replies.flatMap(({ value }) => kickedSchema.safeParse(value).data ?? []);
    const ended = [own, ...told].reduce(sum);
    const isKnown = ended.publishers + ended.viewers > 0;
    if (!isKnown && replies.every(({ answered }) => answered)) return refusal(notFound("stream"));
    return c.json({ ended, nodes: askedNodes(replies) }, 200);
  });
}

function sum(left: Kicked, right: Kicked): Kicked {
  return {
    publishers: left.publishers + right.publishers,
    viewers: left.viewers + right.viewers,
  };
}
