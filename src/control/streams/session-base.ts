import type { MediaSection, PeerSetup } from "../../contract/session.ts";
import type { LocalDescription } from "../../sdp/local.ts";
import type { TransportKind } from "../../wire/path.ts";
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
  readonly byTicket: boolean;
}

/** What only the registry knows of a new session. */
export interface Identity {
  readonly number: number;
  readonly nowUs: number;
}

/** The media path of a session, once it stands. */
export interface Connection {
  /** Remote media address. */
  readonly path: string;
  readonly transport: TransportKind;
  readonly srtpProfile: string;
  readonly sinceUs: number;
}

/** What publishers and viewers have in common, from their POST until a worker has let go of them. */
export interface SessionBase {
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
  /** Another node has sent the client: it has nothing to show here but the session's URL. */
  readonly byTicket: boolean;
  readonly media: readonly MediaSection[];
  /** Our description, with the current credentials. */
  local: LocalDescription;
  remote: { readonly ufrag: string; readonly pwd: string };
  /** Strong entity tag of the current ICE session (RFC 9725 4.3.1), with its quotes. */
  etag: string;
  state: "pending" | "connected" | "ended";
  /** The last one when it has ended; null when it never was connected. */
  connection: Connection | null;
}

/** A session that waits for its client to connect. `letter`: of its kind, in its public id. */
export function createBase(
  letter: "p" | "v",
  { number, nowUs }: Identity,
  fresh: NewSession,
  random: RandomBytes,
): SessionBase {
  return {
    number,
    id: Buffer.from(random(16)).toString("base64url"),
    publicId: `${letter}${number}`,
    stream: fresh.name,
    worker: fresh.placement.worker,
    workerName: fresh.placement.workerName,
    address: fresh.address,
    origin: fresh.origin,
    userAgent: fresh.userAgent,
    createdUs: nowUs,
    tokenHash: fresh.tokenHash,
    byTicket: fresh.byTicket,
    media: fresh.media,
    local: fresh.local,
    remote: { ufrag: fresh.peer.remoteUfrag, pwd: fresh.peer.remotePwd },
    etag: createEntityTag(random),
    state: "pending",
    connection: null,
  };
}

/** For a session's ICE credentials: new ones, new tag. */
export function createEntityTag(random: RandomBytes): string {
  return `"${Buffer.from(random(8)).toString("hex")}"`;
}
