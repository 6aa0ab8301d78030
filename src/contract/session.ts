/** A session as control describes it to a worker: what offer and answer settled, and how it ends. */
import type { CodecName, MediaKind } from "../wire/codecs.ts";

/** How the two ends of one session authenticate each other; comes from offer and answer. */
export interface PeerSetup {
  readonly localUfrag: string;
  readonly localPwd: string;
  readonly remoteUfrag: string;
  readonly remotePwd: string;
  /** Our DTLS role: "server" answers setup:passive, "client" answers setup:active. */
  readonly dtlsRole: "client" | "server";
  /** a=fingerprint of the remote certificate; one must match. `value` is upper-case hex, colons. */
  readonly fingerprints: readonly Fingerprint[];
}

export interface Fingerprint {
  readonly algorithm: "sha-256" | "sha-384" | "sha-512";
  readonly value: string;
}

/** One payload type that both ends accepted. */
export interface MediaFormat {
  readonly codec: CodecName;
  readonly payloadType: number;
  readonly rtxPayloadType: number | null;
  /** Opus RED (RFC 2198) payload type, if both ends have it. */
  readonly redPayloadType: number | null;
  readonly clockRate: number;
  readonly channels: number;
  /** The a=fmtp parameters as the peer wrote them, without payload type. */
  readonly fmtp: string;
  readonly nack: boolean;
  readonly pli: boolean;
  readonly fir: boolean;
  readonly remb: boolean;
  readonly transportCc: boolean;
}

/** One negotiated m-section that carries media. */
export interface MediaSection {
  readonly mid: string;
  readonly kind: MediaKind;
  /** In order of preference; never empty. */
  readonly formats: readonly MediaFormat[];
  /** Header extension id by internal id (src/wire/extensions.ts); 0 where not negotiated. */
  readonly extensionIds: readonly number[];
  /** Both ends take two-byte elements among one-byte ones (a=extmap-allow-mixed, RFC 8285 6). */
  readonly mixedExtensions: boolean;
  /** Publisher: announced by the offer (may be empty). Viewer: ours, exactly one. */
  readonly ssrcs: readonly number[];
  /** RTX SSRCs, in the order of `ssrcs`; empty without RTX or when not announced. */
  readonly rtxSsrcs: readonly number[];
  /** Simulcast restriction ids, highest layer first; empty without simulcast. */
  readonly rids: readonly string[];
}

/** Why a session ended. */
export type CloseReason =
  | "deleted" // DELETE
  | "kicked" // admin API
  | "taken-over" // another publisher took the name
  | "peer-closed" // DTLS close_notify
  | "consent-expired" // RFC 7675
  | "blocked" // its TCP connection took nothing for ten seconds
  | "connect-timeout" // ICE or DTLS never completed
  | "dtls-failed" // handshake failed or fingerprint mismatch
  | "bitrate" // the publisher went on sending more than it may
  | "codec-changed" // the publisher returned with a codec the viewer did not accept
  | "worker-lost" // its worker was replaced
  | "ring-memory" // a publisher connected when no memory for its rings was left
  | "internal-error" // something of its own made the server throw
  | "shutdown";

/** Of the viewer (WHEP layer selection), the stream and the token; the strictest of each holds. */
export interface LayerLimits {
  /** "" for automatic. */
  readonly rid: string;
  readonly spatialMax: number;
  readonly temporalMax: number;
  /** Pixels; Infinity when unlimited. */
  readonly widthMax: number;
  readonly heightMax: number;
  /** Bits a second. */
  readonly bitrateMax: number;
}
