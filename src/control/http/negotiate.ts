/** What WHIP and WHEP POSTs have in common: may it come in, read the offer, describe our side. */
import { SDP_BYTES_MAX } from "../../limits.ts";
import type { NegotiatedAnswer } from "../../sdp/answer.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import type { Offer } from "../../sdp/offer.ts";
import { readOffer } from "../../sdp/offer.ts";
import type { SdpProblem } from "../../sdp/problem.ts";
import { isProblem } from "../../sdp/problem.ts";
import type { Placement } from "../plane/plane.ts";
import type { RandomBytes } from "../ports.ts";
import type { NewSession, Session } from "../streams/session.ts";
import type { Grant } from "./auth.ts";
import { tokenOf } from "./auth.ts";
import { FRAGMENT_TYPE, mediaType, readBody, SDP_TYPE } from "./body.ts";
import type { AppContext, Services } from "./context.ts";
import { streamName } from "./names.ts";
import { problem, retryLater } from "./problem.ts";

/** A POST that may go on: who asks for what, with which offer. */
export interface Admission {
  readonly name: string;
  readonly grant: Grant;
  readonly offer: Offer;
}

export type Role = "publisher" | "viewer";

/** Seconds after which a client turned away by a limit should try again. */
const RETRY_LIMIT_S = 5;

/** Every check that comes before the stream itself is looked at. A Response is the refusal. */
export async function admit(
  c: AppContext,
  services: Services,
  role: Role,
): Promise<Admission | Response> {
  const request = c.req.raw;
  const client = c.get("client");
  const name = streamName(
    new URL(request.url).pathname,
    role === "publisher" ? "/whip/" : "/whep/",
  );
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  const limited = rateLimited(c, services);
  if (limited !== null) return limited;
  const right = role === "publisher" ? "publish" : "view";
  const verdict = await services.auth.check(request, client, right, name.name);
  if (!verdict.ok) return verdict.response;
  const wrongType = refuseMediaType(request);
  if (wrongType !== null) return wrongType;
  const full = atLimit(c, services);
  if (full !== null) return full;
  const text = await readBody(request, SDP_BYTES_MAX);
  if (text === null) return tooLarge();
  const offer = readOffer(text, { role });
  if (isProblem(offer)) return sdpProblem(offer);
  return { name: name.name, grant: verdict.grant, offer };
}

/** The hook's word on it; null allows. */
export async function askHook(
  c: AppContext,
  services: Services,
  role: Role,
  name: string,
): Promise<Response | null> {
  const event = role === "publisher" ? "publish" : "view";
  const answer = await services.hook.ask({
    event,
    stream: name,
    address: c.get("client").address,
    userAgent: userAgent(c),
    token: tokenOf(c.req.raw),
  });
  if (answer === "allowed") return null;
  if (answer === "none") {
    const detail = "The server could not ask whether this is allowed.";
    return retryLater(503, RETRY_LIMIT_S, "Hook unavailable", detail);
  }
  const headers: Record<string, string> =
    answer === 401 ? { "WWW-Authenticate": 'Bearer realm="spillway"' } : {};
  return problem(answer, "Refused", `The hook does not allow this ${event}.`, headers);
}

/** A worker for the session, or the refusal. Also asks the limits again: time has passed. */
export function placeSession(c: AppContext, services: Services, role: Role): Placement | Response {
  const full = atLimit(c, services);
  if (full !== null) return full;
  const placement = services.plane.place(role);
  if (placement === "overloaded") {
    services.metrics.refused("overload");
    return retryLater(503, RETRY_LIMIT_S, "Overloaded", "Media leaves late already; try again.");
  }
  if (placement === null || placement.candidates.length === 0) {
    return retryLater(503, RETRY_LIMIT_S, "No worker", "No media worker is ready.");
  }
  return placement;
}

/** Our side of a session. */
export function describeLocal(services: Services, placement: Placement): LocalDescription {
  const { random } = services;
  const ssrcs = distinctSsrcs(random);
  return {
    ...credentials(random),
    fingerprint: `sha-256 ${services.plane.fingerprint.replace(/^sha-256 /i, "")}`,
    candidates: placement.candidates,
    sessionId: (Buffer.from(random(8)).readBigUInt64BE() >> 2n).toString(),
    cname: Buffer.from(random(12)).toString("base64url"),
    streamId: Buffer.from(random(12)).toString("base64url"),
    ssrcs: { audio: ssrcs[0]!, video: ssrcs[1]!, videoRtx: ssrcs[2]! },
  };
}

/** What the registry is told of an admitted POST and its answer. */
export function freshSession(
  c: AppContext,
  services: Services,
  parts: {
    readonly admission: Admission;
    readonly placement: Placement;
    readonly local: LocalDescription;
    readonly answer: NegotiatedAnswer;
  },
): NewSession {
  const { admission, placement, local, answer } = parts;
  const client = c.get("client");
  return {
    name: admission.name,
    placement,
    peer: answer.peer,
    media: answer.media,
    local,
    address: client.address,
    origin: services.config.publicUrl ?? `${client.scheme}://${client.host}`,
    userAgent: userAgent(c),
    tokenHash: admission.grant.tokenHash,
  };
}

/** 48 and 144 random bits in the ice-char alphabet (RFC 8839 5.4 wants 24 and 128). */
export function credentials(random: RandomBytes): { ufrag: string; pwd: string } {
  return {
    ufrag: Buffer.from(random(6)).toString("base64"),
    pwd: Buffer.from(random(18)).toString("base64"),
  };
}

/** In the URL of a redirect: the client came from another node. */
const REDIRECTED = "redirected";

/** 201 with the four things that a client needs (RFC 9725 4.2). */
export function created(
  c: AppContext,
  session: Session,
  sdp: string,
  links: readonly string[],
): Response {
  // A path without query: OBS replaces only the path of the URL that it posted to. GStreamer
  // resolves a path against the URL that it was given before any redirect, so then it is absolute.
  const isRedirected = cameFromNode(c.req.url);
  const headers = new Headers({
    "Content-Type": SDP_TYPE,
    Location: (isRedirected ? session.origin : "") + sessionPath(session),
    ETag: session.etag,
    "Cache-Control": "no-store",
    "Accept-Patch": FRAGMENT_TYPE,
  });
  for (const link of links) headers.append("Link", link);
  return new Response(sdp, { status: 201, headers });
}

export function sessionPath(session: Session): string {
  return `/session/${session.id}`;
}

export function sdpProblem(refusal: SdpProblem): Response {
  return problem(refusal.status, refusal.title, refusal.detail);
}

export function tooLarge(): Response {
  return problem(413, "Body too large", `A body has at most ${SDP_BYTES_MAX} bytes.`);
}

function userAgent(c: AppContext): string {
  return (c.req.header("User-Agent") ?? "").slice(0, 200);
}

/** 429 when the address has used up its rate; loopback is exempt. */
export function rateLimited(c: AppContext, services: Services): Response | null {
  const client = c.get("client");
  if (client.loopback) return null;
  const cost = c.req.method === "POST" ? 1 : 0.1;
  if (services.rateLimit.take(services.clock.now(), client.address, cost)) return null;
  services.metrics.refused("rate-limit");
  return retryLater(429, 1, "Too many requests", "This address sends too many requests.");
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

function atLimit(c: AppContext, services: Services): Response | null {
  const { config, registry, metrics } = services;
  const client = c.get("client");
  // Two full nodes that name each other would send a client to and fro.
  const otherNode = cameFromNode(c.req.url) ? null : config.redirectUrl;
  if (services.draining()) {
    return sendAway(c.req.raw, otherNode, "Stopping", "The server is stopping.");
  }
  if (registry.sessions.count >= config.limits.sessions) {
    metrics.refused("session-limit");
    return sendAway(c.req.raw, otherNode, "Server full", "The session limit is reached.");
  }
  const pending = registry.sessions.pending.ofAddress(client.address);
  if (!client.loopback && pending >= config.limits.pendingPerAddress) {
    metrics.refused("pending-limit");
    const detail = "This address has too many sessions that are not connected.";
    return retryLater(429, RETRY_LIMIT_S, "Too many pending sessions", detail);
  }
  return null;
}

/**
 * To another node, if there is one. 307 keeps method and body; 301 and 302 must not be used (RFC
 * 9725 4.5). Browsers drop Authorization on a redirect to another origin, and in the URL a token
 * would stand in logs and histories, so a request with one is not redirected.
 */
function sendAway(request: Request, node: string | null, title: string, reason: string): Response {
  if (node === null) return retryLater(503, RETRY_LIMIT_S, title, `${reason} Try again later.`);
  const url = new URL(request.url);
  if (tokenOf(request) !== null) {
    const detail = `${reason} Try again later, or take the token to ${node} yourself.`;
    return retryLater(503, RETRY_LIMIT_S, title, detail);
  }
  const target = new URL(node);
  target.pathname = url.pathname;
  target.search = url.search;
  target.searchParams.set(REDIRECTED, "1");
  return new Response(null, {
    status: 307,
    headers: { Location: target.href, "Cache-Control": "no-store" },
  });
}

/** Whether another node sent the client here. */
function cameFromNode(url: string): boolean {
  return new URL(url).searchParams.has(REDIRECTED);
}

function distinctSsrcs(random: RandomBytes): readonly number[] {
  const found = new Set<number>();
  while (found.size < 3) {
    const ssrc = Buffer.from(random(4)).readUInt32BE();
    if (ssrc !== 0) found.add(ssrc);
  }
  return [...found];
}
