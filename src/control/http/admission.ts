/** What WHIP and WHEP POSTs pass first: may it come in, with which offer, to which worker. */
import type { Config } from "../../config.ts";
import { SDP_BYTES_MAX } from "../../limits.ts";
import type { Offer } from "../../sdp/offer.ts";
import { readOffer } from "../../sdp/offer.ts";
import { isProblem } from "../../sdp/problem.ts";
import type { Hook, HookQuestion } from "../bus/hook.ts";
import type { Metrics } from "../bus/metrics.ts";
import type { MediaPlane, Placement } from "../plane/plane.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { Registry } from "../streams/registry.ts";
import type { Authenticator, Grant } from "./auth.ts";
import { tokenOf } from "./auth.ts";
import { mediaType, readBody, SDP_TYPE } from "./body.ts";
import type { AppContext } from "./context.ts";
import { grantOf, type Handover } from "./handover.ts";
import { streamName } from "./names.ts";
import { problem, RETRY_LIMIT_S, retryLater, sdpProblem, tooLarge } from "./problem.ts";
import type { RateLimit } from "./rate-limit.ts";
import { cameFromNode, sendAway } from "./redirect.ts";
import type { Ticket } from "./ticket.ts";

/** A worker that starts, or takes the place of another, is ready within about so long. */
const RETRY_WORKER_S = 1;
/** Whoever comes in between waits for it, and is looked for so often. */
const WORKER_LOOKS_MAX = 50;
const WORKER_LOOK_MS = 20;

/** What every request of a client meets at the door. */
export interface DoorServices {
  readonly auth: Authenticator;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly rateLimit: RateLimit;
  readonly metrics: Metrics;
}

/** What WHIP and WHEP POSTs are admitted, and become sessions, by. */
export interface AdmissionServices extends DoorServices {
  readonly config: Config;
  readonly plane: MediaPlane;
  readonly random: RandomBytes;
  readonly hook: Hook;
  /** Streams of other nodes; null where this one belongs to no cluster. */
  readonly cluster: Cluster | null;
  readonly handover: Handover | null;
  /** True from SIGTERM on: no new sessions. */
  readonly draining: () => boolean;
}

/** A POST that may go on: who asks for what, with which offer. */
export interface Admission {
  readonly name: string;
  readonly grant: Grant;
  /** Of a viewer that another node has sent, and has found to be allowed; else null. */
  readonly ticket: Ticket | null;
  readonly offer: Offer;
}

export type Role = "publisher" | "viewer";

/** Every check that comes before the stream itself is looked at. A Response is the refusal. */
export async function admit(
  c: AppContext,
  services: AdmissionServices,
  role: Role,
): Promise<Admission | Response> {
  const request = c.req.raw;
  const name = streamName(
    new URL(request.url).pathname,
    role === "publisher" ? "/whip/" : "/whep/",
  );
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = rateLimited(c, services);
  if (limited !== null) return limited;
  const entry = await enter(c, services, role, name.name);
  if (entry instanceof Response) return entry;
  const wrongType = refuseMediaType(request);
  if (wrongType !== null) return wrongType;
  const goesOn = role === "viewer" && services.handover?.canSend(c, name.name, entry.ticket);
  const full = (goesOn ? null : atLimit(c, services)) ?? tooManyPending(c, services);
  if (full !== null) return full;
  const text = await readBody(request, SDP_BYTES_MAX);
  if (text === null) return tooLarge();
  const offer = readOffer(text, { role });
  if (isProblem(offer)) return sdpProblem(offer);
  return { name: name.name, ...entry, offer };
}

/** By a ticket or a token, or without either where that is open. */
async function enter(
  c: AppContext,
  { auth, handover }: AdmissionServices,
  role: Role,
  name: string,
): Promise<Pick<Admission, "grant" | "ticket"> | Response> {
  const ticket = role === "viewer" ? (handover?.take(c, name) ?? null) : null;
  if (ticket instanceof Response) return ticket;
  if (ticket !== null) return { grant: grantOf(ticket), ticket };
  const right = role === "publisher" ? "publish" : "view";
  const verdict = await auth.check(c.req.raw, c.get("client"), right, name);
  return verdict.ok ? { grant: verdict.grant, ticket } : verdict.response;
}

/** The hook's word on it; null allows. */
export async function askHook(
  c: AppContext,
  services: AdmissionServices,
  role: Role,
  name: string,
): Promise<Response | null> {
  const question = hookQuestion(c, role, name);
  const { event } = question;
  const answer = await services.hook.ask(question);
  if (answer === "allowed") return null;
  if (answer === "none") {
    const detail = "The server could not ask whether this is allowed.";
    return retryLater(503, RETRY_LIMIT_S, "Hook unavailable", detail);
  }
  const headers: Record<string, string> =
    answer === 401 ? { "WWW-Authenticate": 'Bearer realm="spillway"' } : {};
  return problem(answer, "Refused", `The hook does not allow this ${event}.`, headers);
}

/** All that the hook is told of a request. */
export function hookQuestion(c: AppContext, role: Role, name: string): HookQuestion {
  return {
    event: role === "publisher" ? "publish" : "view",
    stream: name,
    address: c.get("client").address,
    userAgent: userAgent(c),
    token: tokenOf(c.req.raw),
  };
}

/**
 * Resolves once a worker is ready for the role, or after a second: viewers of one that was lost are told
 * to come again before its successor is there, and would go to the tail for a refusal.
 */
export async function workerReady({ plane }: AdmissionServices, role: Role): Promise<void> {
  for (let look = 0; look < WORKER_LOOKS_MAX && plane.place(role) === null; look += 1) {
    await Bun.sleep(WORKER_LOOK_MS);
  }
}

/** A worker for the session, or the refusal. Also asks the limits again: time has passed. */
export function placeSession(
  c: AppContext,
  services: AdmissionServices,
  role: Role,
): Placement | Response {
  const full = atLimit(c, services) ?? tooManyPending(c, services);
  if (full !== null) return full;
  const placement = services.plane.place(role);
  if (placement === "overloaded") {
    services.metrics.refused("overload");
    return retryLater(503, RETRY_LIMIT_S, "Overloaded", "Media leaves late already; try again.");
  }
  if (role === "viewer" && services.handover?.room.full === "capacity") {
    services.metrics.refused("capacity");
    return retryLater(
      503,
      RETRY_LIMIT_S,
      "Node full",
      "This node sends all that it may; try again.",
    );
  }
  if (placement === null || placement.candidates.length === 0) {
    return retryLater(503, RETRY_WORKER_S, "No worker", "No media worker is ready.");
  }
  return placement;
}

/** 429 when the address has used up its rate; loopback is exempt. */
export function rateLimited(c: AppContext, services: DoorServices): Response | null {
  const client = c.get("client");
  if (client.loopback) return null;
  const cost = c.req.method === "POST" ? 1 : 0.1;
  if (services.rateLimit.take(services.clock.now(), client.address, cost)) return null;
  services.metrics.refused("rate-limit");
  return retryLater(429, 1, "Too many requests", "This address sends too many requests.");
}

export function userAgent(c: AppContext): string {
  return (c.req.header("User-Agent") ?? "").slice(0, 200);
}

function refuseMediaType(request: Request): Response | null {
  const type = mediaType(request);
  if (type === SDP_TYPE) return null;
  // Some players probe with an empty POST and know only 400 as the answer.
  if (type === "" && request.body === null) {
    return problem(400, "Empty body", "The body must be an SDP offer.");
  }
  return problem(415, "Unsupported media type", `The offer must be ${SDP_TYPE}.`, {
    "Accept-Post": SDP_TYPE,
  });
}

function atLimit(c: AppContext, services: AdmissionServices): Response | null {
  const { config, registry, metrics, handover } = services;
  // Two full nodes that name each other would send a client to and fro.
  const wasSent = cameFromNode(c.req.url) || handover?.isSent(c) === true;
  const otherNode = wasSent ? null : config.redirectUrl;
  if (services.draining()) {
    return sendAway(c.req.raw, otherNode, "Stopping", "The server is stopping.");
  }
  if (registry.sessions.count >= config.limits.sessions) {
    metrics.refused("session-limit");
    return sendAway(c.req.raw, otherNode, "Server full", "The session limit is reached.");
  }
  return null;
}

function tooManyPending(c: AppContext, services: AdmissionServices): Response | null {
  const { config, registry, metrics } = services;
  const client = c.get("client");
  const pending = registry.sessions.pending.ofAddress(client.address);
  if (!client.loopback && pending >= config.limits.pendingPerAddress) {
    metrics.refused("pending-limit");
    const detail = "This address has too many sessions that are not connected.";
    return retryLater(429, RETRY_LIMIT_S, "Too many pending sessions", detail);
  }
  return null;
}
