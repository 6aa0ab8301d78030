/** /events/NAME: what is said of a stream. GET listens, POST says something, DELETE takes it back. */
import { createHash } from "node:crypto";
import { EVENT_BYTES_MAX } from "../../limits.ts";
import type { Discussions } from "../bus/discussions.ts";
import { addressGroup } from "../plane/address-group.ts";
import { isOfViewers, type Refusal, readDraft, type Speaker } from "../streams/remark.ts";
import type { Seats } from "../streams/seats.ts";
import type { Stream } from "../streams/stream.ts";
import { type AdmissionServices, askHook, rateLimited } from "./admission.ts";
import type { Grant, Right } from "./auth.ts";
import { mediaType, readBody } from "./body.ts";
import type { AppContext } from "./context.ts";
import { eventStream, lastEventId } from "./event-routes.ts";
import { streamName } from "./names.ts";
import { notFound, problem, RETRY_LIMIT_S, retryLater } from "./problem.ts";
import { streamOptions } from "./stream-options.ts";

export interface RemarkServices extends AdmissionServices {
  readonly discussions: Discussions;
  /** Of requests that stay open. */
  readonly seats: Seats;
}

const PREFIX = "/events/";
const JSON_TYPE = "application/json";

/** Somebody who may do what he asks for. */
interface Entry {
  readonly right: Right;
  readonly grant: Grant;
}

/** GET: the remarks that are kept, or those after `Last-Event-ID`, and all that follow. */
export async function listen(c: AppContext, services: RemarkServices): Promise<Response> {
  const name = streamName(new URL(c.req.url).pathname, PREFIX);
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = rateLimited(c, services);
  if (limited !== null) return limited;
  const entry = await enter(c, services, name.name, ["view"]);
  if (entry instanceof Response) return entry;
  const response = await hear(c, services, name.name);
  // Pages show a chat by it, also before somebody publishes.
  if (streamOptions(services.config, name.name).chat) {
    response.headers.set("Accept-Post", JSON_TYPE);
  }
  return response;
}

async function hear(c: AppContext, services: RemarkServices, name: string): Promise<Response> {
  if (services.draining()) {
    return retryLater(503, RETRY_LIMIT_S, "Stopping", "The server is stopping.");
  }
  const stream = await find(name, services);
  if (stream === null) return notLive(name);
  if (c.req.method === "HEAD") return eventStream(null);
  const { address, loopback } = c.get("client");
  const seat = loopback ? null : address;
  if (!services.seats.take(seat)) {
    services.metrics.refused("events-open");
    const detail = "Too many requests are open already.";
    return retryLater(503, RETRY_LIMIT_S, "Too many listeners", detail);
  }
  const free = (): void => services.seats.free(seat);
  return eventStream(services.discussions.listen(stream, lastEventId(c) ?? 0, free));
}

/** POST: says what the body has. */
export async function say(c: AppContext, services: RemarkServices): Promise<Response> {
  const name = streamName(new URL(c.req.url).pathname, PREFIX);
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = rateLimited(c, services);
  if (limited !== null) return limited;
  if (mediaType(c.req.raw) !== JSON_TYPE) {
    return problem(415, "Unsupported media type", `An event is ${JSON_TYPE}.`);
  }
  const body = await readBody(c.req.raw, EVENT_BYTES_MAX);
  if (body === null) {
    return problem(413, "Body too large", `An event has at most ${EVENT_BYTES_MAX} bytes.`);
  }
  const draft = readDraft(body);
  if ("wrong" in draft) return problem(400, "Bad event", draft.wrong);
  const isChat = isOfViewers(draft.type);
  const hasChat = streamOptions(services.config, name.name).chat;
  const rights: Right[] = isChat && hasChat ? ["view", "publish"] : ["publish"];
  const entry = await enter(c, services, name.name, rights);
  if (entry instanceof Response) {
    if (entry.status !== 403 || !isChat || hasChat) return entry;
    return problem(403, "No chat", `"${name.name}" has no chat: only who publishes it may speak.`);
  }
  await look(name.name, services);
  const said = await services.discussions.say(name.name, draft, speaker(c, entry));
  if (typeof said === "string") return refuse(said, name.name, services);
  const headers = {
    Location: `${new URL(c.req.url).pathname}/${said.id}`,
    "Cache-Control": "no-store",
  };
  return Response.json(said, { status: 201, headers });
}

/** DELETE on a remark's own URL: takes it back, one's own or, for who publishes, anybody's. */
export async function retract(c: AppContext, services: RemarkServices): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const end = pathname.lastIndexOf("/");
  const name = streamName(pathname.slice(0, Math.max(end, PREFIX.length)), PREFIX);
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = rateLimited(c, services);
  if (limited !== null) return limited;
  const hasChat = streamOptions(services.config, name.name).chat;
  const rights: Right[] = hasChat ? ["publish", "view"] : ["publish"];
  const entry = await enter(c, services, name.name, rights);
  if (entry instanceof Response) return entry;
  const id = Number(/^\d{1,15}$/.exec(pathname.slice(end + 1))?.[0] ?? Number.NaN);
  if (Number.isNaN(id)) return notFound("event");
  await look(name.name, services);
  const told = await services.discussions.retract(name.name, id, speaker(c, entry));
  if (typeof told === "string") return refuse(told, name.name, services);
  return new Response(null, { status: 204 });
}

/** By the first of these rights that the request has, and that the hook confirms. */
async function enter(
  c: AppContext,
  services: RemarkServices,
  name: string,
  rights: readonly Right[],
): Promise<Entry | Response> {
  let refusal: Response | null = null;
  for (const right of rights) {
    const verdict = await services.auth.check(c.req.raw, c.get("client"), right, name);
    if (verdict.ok) {
      const role = right === "publish" ? "publisher" : "viewer";
      const refused = await askHook(c, services, role, name);
      if (refused === null) return { right, grant: verdict.grant };
      refusal ??= refused;
    } else refusal ??= verdict.response;
  }
  return refusal!;
}

/** It is known then whether another node publishes it. */
async function look(name: string, { registry, cluster }: RemarkServices): Promise<void> {
  if (registry.streams.get(name)?.isLive !== true) await cluster?.find(name);
}

/** A stream that somebody publishes, or waits for, here; or elsewhere, and is had from there. */
async function find(name: string, services: RemarkServices): Promise<Stream | null> {
  const { registry, cluster } = services;
  await look(name, services);
  if (registry.streams.get(name)?.isLive !== true) cluster?.ensure(name);
  const stream = registry.streams.get(name);
  return stream === undefined || stream.abandoned ? null : stream;
}

function speaker(c: AppContext, { right, grant }: Entry): Speaker {
  const who = `${grant.tokenHash} ${addressGroup(c.get("client").address)}`;
  const key = createHash("sha256").update(who).digest("base64url").slice(0, 22);
  return { key, name: grant.name, moderates: right === "publish" };
}

function notLive(name: string): Response {
  return problem(404, "Not live", `Nobody publishes "${name}" now.`);
}

function refuse(why: Refusal, name: string, { metrics }: RemarkServices): Response {
  switch (why) {
    case "away":
      return problem(400, "Bad time", "`at` must be within ten seconds of now.");
    case "rate":
      metrics.refused("events-rate");
      return retryLater(429, 1, "Too many events", "One sender may send one a second.");
    case "busy":
      metrics.refused("events-busy");
      return retryLater(503, 1, "Too many events", "Too many are sent to this stream.");
    case "unknown":
      return notFound("event");
    case "foreign":
      return problem(403, "Forbidden", "It is another's.");
    case "not-live":
      return notLive(name);
    case "no-answer":
      return retryLater(503, 1, "No answer", "The node that has the publisher does not answer.");
  }
}
