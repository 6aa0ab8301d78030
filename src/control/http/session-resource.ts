/** The session URL of WHIP and WHEP: PATCH (trickle, ICE restart), DELETE, GET. */
import type { CloseReason } from "../../contract/session.ts";
import { SDP_BYTES_MAX } from "../../limits.ts";
import { isRestart, readFragment, writeRestartFragment } from "../../sdp/fragment.ts";
import { isProblem } from "../../sdp/problem.ts";
import type { RandomBytes } from "../ports.ts";
import type { Session } from "../streams/session.ts";
import { type DoorServices, rateLimited } from "./admission.ts";
import { FRAGMENT_TYPE, mediaType, readBody, SDP_TYPE } from "./body.ts";
import type { AppContext } from "./context.ts";
import { credentials } from "./local-description.ts";
import { notFound, problem, ringMemoryUsedUp, sdpProblem, tooLarge } from "./problem.ts";

/** What session URLs work with. */
export interface SessionServices extends DoorServices {
  readonly random: RandomBytes;
}

/** The session of the request's `:id`, if the request may touch it; else the refusal. */
export async function findSession(
  c: AppContext,
  services: DoorServices,
): Promise<Session | Response> {
  const limited = c.req.method === "GET" ? null : rateLimited(c, services);
  if (limited !== null) return limited;
  const session = services.registry.sessions.byId(c.req.param("id") ?? "");
  if (session === null) return notFound("session");
  const refused = await services.auth.checkSession(c.req.raw, c.get("client"), session);
  return refused ?? session;
}

/**
 * Ends that a client must not answer with a new POST: two publishers of one name would take it from
 * each other for ever, and a kick would do nothing.
 */
const FINAL: Readonly<Partial<Record<CloseReason, string>>> = {
  "taken-over": "Another publisher took over this stream.",
  bitrate: "The publisher sent more bits a second than it may. Lower the bit rate and start again.",
  kicked: "An administrator ended this session.",
};

/** GET and HEAD: 2xx without content (RFC 9725 4.1); for a while 410 says that the end was final. */
export async function getSession(c: AppContext, services: DoorServices): Promise<Response> {
  const end = services.registry.sessions.endOf(c.req.param("id") ?? "", services.clock.now());
  const final = end === null ? undefined : FINAL[end];
  if (final !== undefined) return problem(410, "Session ended", final);
  if (end === "ring-memory") return ringMemoryUsedUp();
  const session = await findSession(c, services);
  if (session instanceof Response) return session;
  return new Response(null, { status: 204, headers: { "Cache-Control": "no-store" } });
}

export async function deleteSession(c: AppContext, services: DoorServices): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const { registry, clock } = services;
  // OBS closes its PeerConnection first; its DELETE must be 200 all the same, once.
  if (registry.sessions.takeTombstone(id, clock.now())) return new Response(null, { status: 200 });
  const session = await findSession(c, services);
  if (session instanceof Response) return session;
  // If-Match is ignored here (RFC 9725 4.3.1).
  registry.end(session, "deleted");
  return new Response(null, { status: 200 });
}

export async function patchSession(c: AppContext, services: SessionServices): Promise<Response> {
  const session = await findSession(c, services);
  if (session instanceof Response) return session;
  const wrongType = refusePatchType(c.req.raw);
  if (wrongType !== null) return wrongType;
  const text = await readBody(c.req.raw, SDP_BYTES_MAX);
  if (text === null) return tooLarge();
  // From here on nothing waits: overlapped PATCHes are applied one after the other, and one that
  // still carries the tag of before a restart fails (RFC 9725 4.3.1).
  if (session.state === "ended") return notFound("session");
  const failed = failedPrecondition(c.req.header("If-Match"), session.etag);
  if (failed !== null) return failed;
  const fragment = readFragment(text);
  if (isProblem(fragment)) return sdpProblem(fragment);
  if (!isRestart(fragment, session.remote)) {
    // We are ICE-lite and learn the peer from its checks, so its candidates are read and let go.
    return new Response(null, { status: 204 });
  }
  const local = { ...session.local, ...credentials(services.random) };
  const remote = { ufrag: fragment.ufrag ?? "", pwd: fragment.pwd ?? "" };
  services.registry.restartIce(session, local, remote);
  return new Response(writeRestartFragment(local, session.media), {
    status: 200,
    headers: { "Content-Type": FRAGMENT_TYPE, ETag: session.etag, "Cache-Control": "no-store" },
  });
}

function refusePatchType(request: Request): Response | null {
  const type = mediaType(request);
  if (type === FRAGMENT_TYPE) return null;
  if (type === SDP_TYPE) {
    const detail = "The session is negotiated once; no counter-offer waits for an answer.";
    return problem(422, "No renegotiation", detail);
  }
  return problem(415, "Unsupported media type", `A PATCH must be ${FRAGMENT_TYPE}.`, {
    "Accept-Patch": FRAGMENT_TYPE,
  });
}

/** 428 without If-Match (RFC 6585 3), 412 when it names another ICE session (RFC 9110 13.1.1). */
function failedPrecondition(header: string | undefined, etag: string): Response | null {
  if (header === undefined || header.trim() === "") {
    return problem(428, "Precondition required", "If-Match must carry the session's ETag.");
  }
  // RFC 9725's figure shows the star in quotes.
  const tags = header.match(/W\/"[^"]*"|"[^"]*"|[^\s,]+/g) ?? [];
  if (tags.some((tag) => tag === "*" || tag === '"*"' || tag === etag)) return null;
  return problem(
    412,
    "Precondition failed",
    "If-Match names another ICE session than the current.",
  );
}
