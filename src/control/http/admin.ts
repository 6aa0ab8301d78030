/** /api/v1: list, inspect, kick, stats; described by its own OpenAPI document. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Config } from "../../config.ts";
import type { Logger } from "../../log.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Sampler } from "../plane/sampler.ts";
import type { Clock } from "../ports.ts";
import type { Registry } from "../streams/registry.ts";
import {
  collectStats,
  describeSession,
  describeStream,
  streamsByName,
} from "../streams/snapshot.ts";
import {
  drillSchema,
  problemSchema,
  sessionSchema,
  statsSchema,
  streamSchema,
} from "./admin-schemas.ts";
import { type Authenticator, tokenOf } from "./auth.ts";
import type { AppEnv } from "./context.ts";
import { isPreflight } from "./cors.ts";
import { notFound, problem } from "./problem.ts";

/** What the API works with. */
export interface AdminServices {
  readonly config: Config;
  readonly version: string;
  readonly auth: Authenticator;
  readonly registry: Registry;
  readonly plane: MediaPlane;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AdminParts {
  readonly services: AdminServices;
  readonly sampler: Sampler;
  readonly startedUs: number;
  readonly rssBytes: () => number;
}

type Api = OpenAPIHono<AppEnv>;

export function createAdmin(parts: AdminParts): Api {
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
  mountStats(api, parts);
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

function mountStreams(api: Api, services: AdminServices): void {
  const { registry, plane, clock } = services;
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
    const now = clock.now();
    return c.json(
      { streams: visible.map((stream) => describeStream(stream, stats, plane, now)) },
      200,
    );
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
        ...describeStream(stream, stats, plane, clock.now()),
        sessions: sessions.map((session) =>
          describeSession(session, stats.get(session.number), clock),
        ),
      },
      200,
    );
  });
}

const sessionId = z.object({ id: z.string() });

function mountSessions(api: Api, services: AdminServices): void {
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

function mountKick(api: Api, services: AdminServices): void {
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

function mountStats(api: Api, parts: AdminParts): void {
  const { services, sampler } = parts;
  const { registry, plane, clock } = services;
  const route = createRoute({
    method: "get",
    path: "/stats",
    summary: "The server at a glance.",
    responses: { 200: json(statsSchema, "Counters are totals since a worker began.") },
  });
  api.openapi(route, (c) => {
    const workers = plane.loads().map(({ name, restarts, counters }) => ({
      name,
      load: sampler.ratesOf(name).load,
      loopLagMs: sampler.ratesOf(name).loopLagMs,
      sessions: counters.sessions,
      packetsIn: counters.packetsIn,
      packetsOut: counters.packetsOut,
      bytesIn: counters.bytesIn,
      bytesOut: counters.bytesOut,
      nacks: counters.nacksSent + counters.nacksReceived,
      plis: counters.plisSent + counters.plisReceived,
      restarts,
    }));
    const live = [...registry.streams.values()].filter((stream) => stream.source !== null);
    return c.json(
      {
        version: services.version,
        uptimeSeconds: (clock.now() - parts.startedUs) / 1e6,
        streams: live.length,
        publishers: registry.count("publisher"),
        viewers: registry.count("viewer"),
        workers,
        process: { rssBytes: parts.rssBytes(), cpu: sampler.cpu },
        bitsPerSecondIn: sampler.total("publisher").in,
        bitsPerSecondOut: sampler.total("viewer").out,
      },
      200,
    );
  });
}

function mountDrills(api: Api, services: AdminServices): void {
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

function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

/** zod-openapi types a handler by its JSON responses; ready-made problem bodies pass as they are. */
function refusal(response: Response): never {
  throw new Refusal(response);
}

/** Carries a ready response out of a handler; `app.onError` sends it. */
export class Refusal extends Error {
  constructor(readonly response: Response) {
    super("refused");
  }
}
