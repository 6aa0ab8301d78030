import type { MediaSection, PeerSetup } from "../../contract/session.ts";
import { type LayerLimits, NO_LIMITS } from "../../media/layer-choice.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import type { RingLease } from "../plane/lease.ts";
import type { Placement } from "../plane/plane.ts";
import type { RandomBytes } from "../ports.ts";

/** What a POST has worked out before a session exists. */
export interface NewSession {
  readonly name: string;
  readonly placement: Placement;
  readonly peer: PeerSetup;
  readonly media: readonly MediaSection[];
  readonly local: LocalDescription;
  readonly address: string;
  readonly origin: string;
  readonly userAgent: string;
  readonly tokenHash: string | null;
}

/** One publisher or viewer, from its POST until its worker has let go of it. */
export interface Session {
  readonly kind: "publisher" | "viewer";
  /** What the media plane calls it. */
  readonly number: number;
  /** The secret part of the session URL: 128 random bits. */
  readonly id: string;
  /** What the admin API calls it; gives no power over the session. */
  readonly publicId: string;
  /** Name of the stream that it publishes or watches. */
  readonly stream: string;
  readonly worker: number;
  readonly workerName: string;
  /** The HTTP client's address. */
  readonly address: string;
  /** Scheme and host by which the client came, for absolute links. */
  readonly origin: string;
  readonly userAgent: string;
  readonly createdUs: number;
  /** SHA-256 of the token that opened it: that token stays good for it, even when it expires. */
  readonly tokenHash: string | null;
  readonly media: readonly MediaSection[];
  /** Of a publisher that is connected: its rings, in the order of `media`. */
  lease: RingLease | null;
  /** Our description, with the current credentials. */
  local: LocalDescription;
  remote: { readonly ufrag: string; readonly pwd: string };
  /** Strong entity tag of the current ICE session (RFC 9725 4.3.1), with its quotes. */
  etag: string;
  state: "pending" | "connected" | "ended";
  /** Remote media address, once connected. */
  path: string | null;
  srtpProfile: string | null;
  connectedUs: number | null;
  firstMediaUs: number | null;
  /** What a viewer's stream and token allow of the layers. */
  readonly limits: LayerLimits;
  /** What it chose itself; NO_LIMITS is automatic. */
  choice: LayerLimits;
  /** The layer that it is sent (an id of src/feed/layer-table.ts); -1 before the first. */
  layer: number;
}

/** What only the registry knows of a new session. */
interface Identity {
  readonly kind: Session["kind"];
  readonly number: number;
  readonly limits: LayerLimits;
  readonly nowUs: number;
}

/** A session that waits for its client to connect. */
export function createSession(
  { kind, number, limits, nowUs }: Identity,
  fresh: NewSession,
  random: RandomBytes,
): Session {
  return {
    kind,
    number,
    id: Buffer.from(random(16)).toString("base64url"),
    publicId: `${kind === "publisher" ? "p" : "v"}${number}`,
    stream: fresh.name,
    worker: fresh.placement.worker,
    workerName: fresh.placement.workerName,
    address: fresh.address,
    origin: fresh.origin,
    userAgent: fresh.userAgent,
    createdUs: nowUs,
    tokenHash: fresh.tokenHash,
    media: fresh.media,
    lease: null,
    local: fresh.local,
    remote: { ufrag: fresh.peer.remoteUfrag, pwd: fresh.peer.remotePwd },
    etag: createEntityTag(random),
    state: "pending",
    path: null,
    srtpProfile: null,
    connectedUs: null,
    firstMediaUs: null,
    limits,
    choice: NO_LIMITS,
    layer: -1,
  };
}

/** For a session's ICE credentials: new ones, new tag. */
export function createEntityTag(random: RandomBytes): string {
  return `"${Buffer.from(random(8)).toString("hex")}"`;
}
