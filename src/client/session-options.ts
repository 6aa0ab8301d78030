/** What a session of ours is given: who it is, how the server is reached, which sockets there are. */
import type { Fingerprint, MediaSection } from "../contract/session.ts";
import type { PeerOptions } from "../peer/peer-options.ts";
import type { RemoteCandidate } from "../sdp/candidate.ts";
import type { Path } from "../wire/path.ts";

export interface SessionOptions extends Pick<PeerOptions, "dtls" | "ciphers" | "sourcesMax"> {
  readonly role: "publisher" | "viewer";
  /** Publisher: ours, with SSRCs. */
  readonly media: readonly MediaSection[];
  /** Of the certificate that `dtls` shows. */
  readonly fingerprint: Fingerprint;
  readonly signalling: Signalling;
  readonly sockets: SessionSockets;
  /** Fills its argument. */
  readonly random: (out: Uint8Array) => void;
  /** Microseconds, monotonic: asked when the answer has come. */
  readonly clock: () => number;
}

/** Makes and ends a session at the server: WhipEndpoint. */
export interface Signalling {
  /** Posts the offer and returns the answer; throws what the caller of `open` is to see. */
  create(offer: string): Promise<string>;
  delete(): Promise<void>;
}

export interface SessionSockets {
  /** Ways to the server, best first, as soon as its addresses are known; none when there is none. */
  pathsTo(candidates: readonly RemoteCandidate[]): readonly Path[];
}
