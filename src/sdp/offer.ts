import type { Fingerprint } from "../commands.ts";
import type { CodecName, MediaKind } from "../wire/codecs.ts";
import type { ExtensionName } from "../wire/extensions.ts";
import type { RemoteCandidate } from "./candidate.ts";
import type { SdpProblem } from "./problem.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** What an offer or answer says of its transport (one, by BUNDLE). */
export interface RemotePeer {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: "actpass" | "active" | "passive";
  /** Usable ones only; may be empty, the peer is then learnt from its STUN (RFC 9725 4.3.2). */
  readonly candidates: readonly RemoteCandidate[];
}

/** A codec of an offer that we forward, with its rtx and red payload types. */
export interface OfferedFormat {
  readonly codec: CodecName;
  /** Encoding name as offered (OPUS, opus), for the echo. */
  readonly encodingName: string;
  readonly payloadType: number;
  readonly rtxPayloadType: number | null;
  readonly redPayloadType: number | null;
  readonly clockRate: number;
  readonly channels: number;
  readonly fmtp: string;
  /** rtcp-fb values, lower case: "nack", "nack pli", "ccm fir", "goog-remb", "transport-cc". */
  readonly feedback: readonly string[];
}

export interface OfferedExtension {
  readonly name: ExtensionName;
  readonly id: number;
  /** As offered; "sendrecv" when the line has no direction. */
  readonly direction: Direction;
}

/** One m-section of an offer, in the offer's order. */
export interface OfferSection {
  readonly mid: string;
  /** "other" is never served (m=application and the like). */
  readonly kind: MediaKind | "other";
  /** The m= line's own words, for a port-0 echo. */
  readonly mediaType: string;
  readonly protocol: string;
  readonly rawFormats: readonly string[];
  /** Port 0 without bundle-only: the offerer itself has switched this section off. */
  readonly disabled: boolean;
  readonly bundled: boolean;
  readonly direction: Direction;
  /** Forwardable codecs in the offer's order; may be empty. */
  readonly formats: readonly OfferedFormat[];
  readonly extensions: readonly OfferedExtension[];
  readonly extmapAllowMixed: boolean;
  readonly rtcpReducedSize: boolean;
  /** MediaStream ids of a=msid, without "-". */
  readonly streamIds: readonly string[];
  readonly ssrcs: readonly number[];
  /** RTX SSRC of each of `ssrcs`, in that order, or empty. */
  readonly rtxSsrcs: readonly number[];
  /** rids of a=simulcast:send in its order of preference; empty without simulcast. */
  readonly rids: readonly string[];
}

export interface Offer {
  readonly role: "publisher" | "viewer";
  readonly peer: RemotePeer;
  /** Session-level a=extmap-allow-mixed. */
  readonly extmapAllowMixed: boolean;
  readonly sections: readonly OfferSection[];
}

export declare function readOffer(
  text: string,
  options: { readonly role: "publisher" | "viewer" },
): Offer | SdpProblem;
