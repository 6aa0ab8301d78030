/** What comes of an admitted POST: a session, and a 201 that leads to it. */
import type { NegotiatedAnswer } from "../../sdp/answer.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import type { Placement } from "../plane/plane.ts";
import type { Session } from "../streams/session.ts";
import type { NewSession } from "../streams/session-base.ts";
import { type Admission, type AdmissionServices, userAgent } from "./admission.ts";
import { FRAGMENT_TYPE, SDP_TYPE } from "./body.ts";
import type { AppContext } from "./context.ts";
import { cameFromNode } from "./redirect.ts";

/** What the registry is told of an admitted POST and its answer. */
export function freshSession(
  c: AppContext,
  { config }: Pick<AdmissionServices, "config">,
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
    origin: config.publicUrl ?? `${client.scheme}://${client.host}`,
    userAgent: userAgent(c),
    tokenHash: admission.grant.tokenHash,
    byTicket: admission.ticket !== null,
  };
}

/** 201 with the four things that a client needs (RFC 9725 4.2). */
export function created(
  c: AppContext,
  session: Session,
  sdp: string,
  links: readonly string[],
): Response {
  // A path without query: OBS replaces only the path of the URL that it posted to. GStreamer
  // resolves a path against the URL that it was given before any redirect, so then it is absolute.
  const isRedirected = cameFromNode(c.req.url) || session.byTicket;
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
