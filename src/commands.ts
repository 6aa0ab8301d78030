/**
 * The typed messages between the control thread and the media workers. Rare: set-up, tear-down,
 * inspection. Media and counters never travel here, but in shared memory.
 */
import type { CodecName, MediaKind } from "./wire/codecs.ts";

/** A ring as threads pass it round: its slot in the dirty bitmaps and its memory. */
export interface RingGrant {
  readonly index: number;
  readonly buffer: SharedArrayBuffer;
}

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

/** The rings of one epoch of a stream: what viewers read. */
export interface StreamSource {
  readonly epoch: number;
  readonly audio: RingGrant | null;
  /** One ring a layer, highest first; empty for an audio-only publisher. */
  readonly video: readonly RingGrant[];
}

/** Why a session ended. */
export type CloseReason =
  | "deleted" // DELETE
  | "kicked" // admin API
  | "taken-over" // another publisher took the name
  | "peer-closed" // DTLS close_notify
  | "consent-expired" // RFC 7675
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

export type WorkerCommand =
  | {
      readonly type: "publisher-open";
      readonly session: number;
      readonly stream: number;
      readonly peer: PeerSetup;
      readonly media: readonly MediaSection[];
      /** The highest bit rate asked of the publisher by REMB, in bits a second. */
      readonly bitrateMax: number;
    }
  /**
   * Control's answer to a publisher's `connected`: where its media goes. Not before, so that whoever
   * only posts offers takes no memory from others.
   */
  | {
      readonly type: "publisher-rings";
      readonly session: number;
      /** Of each section of `media`, one a layer. */
      readonly rings: readonly (readonly RingGrant[])[];
    }
  | {
      readonly type: "viewer-open";
      readonly session: number;
      readonly stream: number;
      readonly peer: PeerSetup;
      readonly media: readonly MediaSection[];
      /** As the SDP announced it for our SSRCs (RFC 5576 6.1): 1..64 ASCII characters. */
      readonly cname: string;
      readonly source: StreamSource | null;
      /** Sent to viewers that negotiated playout-delay, in 10 ms units; null sends none. */
      readonly playoutDelay: { readonly min: number; readonly max: number } | null;
      /** What its stream, its token and its own choice leave of the layers. */
      readonly limits: LayerLimits;
    }
  | {
      readonly type: "limit-layers";
      readonly session: number;
      readonly limits: LayerLimits;
    }
  /** New credentials (RFC 9725 4.3.3): DTLS, SRTP and everything else stay. */
  | {
      readonly type: "ice-restart";
      readonly session: number;
      readonly localUfrag: string;
      readonly localPwd: string;
      readonly remoteUfrag: string;
      readonly remotePwd: string;
    }
  /** Authenticated close (DTLS close_notify), then the session is freed; answered by `closed`. */
  | { readonly type: "close"; readonly session: number; readonly reason: CloseReason }
  /** A stream has a new epoch (or null: its publisher is gone). Answered by `source-changed`. */
  | { readonly type: "source"; readonly stream: number; readonly source: StreamSource | null }
  | { readonly type: "stats"; readonly request: number; readonly session: number | null }
  /** Test hooks: the crash drills of the test suite use them through the admin API in test mode. */
  | { readonly type: "drill"; readonly drill: Exclude<Drill, { readonly kind: "segfault" }> };

/** What a drill makes a whole worker do, or where it makes one session throw. */
export type Drill =
  | { readonly kind: "throw" | "hang" | "block" }
  | { readonly kind: "segfault" }
  | { readonly kind: SessionDrill; readonly session: number };

export type SessionDrill = "datagram" | "timer" | "transmit" | "rtp" | "rtcp" | "media" | "close";

export type WorkerEvent =
  | { readonly type: "ready" }
  /** DTLS complete, media may flow. `path` is the remote address, formatted. */
  | {
      readonly type: "connected";
      readonly session: number;
      readonly path: string;
      readonly srtpProfile: string;
    }
  /** Media goes to another address of the client from now on. */
  | { readonly type: "moved"; readonly session: number; readonly path: string }
  | { readonly type: "closed"; readonly session: number; readonly reason: CloseReason }
  /**
   * The answer to `source`, in the order of the commands: this worker no longer reads any ring of
   * the stream's earlier epochs.
   */
  | { readonly type: "source-changed"; readonly stream: number }
  /** A viewer is sent another layer: its id (src/media/layer-table.ts). */
  | { readonly type: "layer"; readonly session: number; readonly layer: number }
  /** First keyframe-complete packet that left for this viewer, us after `viewer-open`. */
  | { readonly type: "first-media"; readonly session: number; readonly afterUs: number }
  | {
      readonly type: "stats";
      readonly request: number;
      readonly sessions: readonly SessionStats[];
    }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | boolean | null>>;
    };

/** What a worker knows of one session. Counters are totals since the session began. */
export interface SessionStats {
  readonly session: number;
  readonly connected: boolean;
  readonly path: string | null;
  readonly srtpProfile: string | null;
  readonly roundTripMs: number | null;
  /** Viewer: what its path is believed to carry, bits a second; null for a publisher. */
  readonly estimateBps: number | null;
  /** Publisher: what is done about a bit rate beyond its limit; null for a viewer. */
  readonly bitrateExcess: "asked" | "dropped" | "ended" | "within" | null;
  readonly tracks: readonly TrackStats[];
}

export interface TrackStats {
  readonly kind: MediaKind;
  readonly codec: CodecName | null;
  readonly ssrc: number;
  readonly rid: string | null;
  /** Viewer: the layer point that flows, where the stream tells its layers; null for a publisher. */
  readonly spatialLayerId: number | null;
  readonly temporalLayerId: number | null;
  readonly packets: number;
  readonly bytes: number;
  /** Publisher: packets never received. Viewer: as its receiver reports say. */
  readonly packetsLost: number;
  readonly retransmissions: number;
  readonly nacks: number;
  readonly plis: number;
  readonly keyframes: number;
  readonly jitterMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly bitrate: number;
  readonly framesPerSecond: number | null;
}

/** What this kernel and its libraries offer; where one is missing, slower code does the same. */
export interface PathFeatures {
  /** UDP_SEGMENT: many datagrams to one address in one message. */
  readonly segmentation: boolean;
  /** sendmmsg and recvmmsg. */
  readonly batching: boolean;
  /** SRTP by OpenSSL instead of the runtime's own crypto module. */
  readonly opensslCiphers: boolean;
}

/** Given to a worker once, when it starts. */
export interface WorkerSetup {
  readonly kind: "ingest" | "egress";
  /** 0-based among workers of its kind. */
  readonly index: number;
  /** Reader-thread number in ring headers (egress), or -1. */
  readonly reader: number;
  /** File descriptors of bound UDP sockets, one a local address, owned by control. */
  readonly sockets: readonly number[];
  /** An empty epoll instance, owned by control: a thread that is ended closes nothing. */
  readonly pollFd: number;
  /** eventfd that wakes this worker. */
  readonly doorbellFd: number;
  /** The worker's own block: heartbeat, asleep word, dirty bitmap, counters (src/ring/doorbell.ts). */
  readonly block: SharedArrayBuffer;
  /** Blocks and eventfds of all reader threads, by reader number: whom a writer may wake. */
  readonly readers: readonly { readonly block: SharedArrayBuffer; readonly doorbellFd: number }[];
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** Path of libssl/libcrypto chosen by control at start (src/io/openssl.ts), or "system". */
  readonly openssl: string;
  /** What the fast path may rely on here (src/io/features.ts). */
  readonly features: PathFeatures;
  readonly drills: boolean;
}
