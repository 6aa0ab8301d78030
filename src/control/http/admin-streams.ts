import { createRoute, z } from "@hono/zod-openapi";
import {
  collectStats,
  describeSession,
  describeStream,
  streamsByName,
} from "../streams/snapshot.ts";
import { type AdminServices, type Api, json, problemResponse, refusal } from "./admin-route.ts";
import { sessionSchema, streamSchema } from "./admin-schemas.ts";
import { notFound } from "./problem.ts";

/** GET /streams, GET /streams/NAME. */
export function mountStreams(api: Api, services: AdminServices): void {
  const { registry, plane, rates, clock } = services;
  const list = createRoute({
    method: "get",
    path: "/streams",
    summary: "Streams that are live or waited for, as far as the token may watch them.",
    responses: { 200: json(z.object({ streams: z.array(streamSchema) }), "The streams.") },
  });
  api.openapi(list, async (c) => {
    const covers = c.get("covers");
    const visible = streamsByName(registry).filter((stream) => covers?.(stream.name) ?? true);
    const publishers = visible.flatMap((stream) => stream.publisher ?? []);
    const stats = await collectStats(plane, publishers);
    const parts = { stats, plane, rates, clock };
    return c.json({ streams: visible.map((stream) => describeStream(stream, parts)) }, 200);
  });

  const one = createRoute({
    method: "get",
    path: "/streams/{name}",
    summary: "One stream and its sessions; a slash in the name is written %2F.",
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
        ...describeStream(stream, { stats, plane, rates, clock }),
        sessions: sessions.map((session) =>
          describeSession(session, stats.get(session.number), clock),
        ),
      },
      200,
    );
  });
}
