/** What a worker is given when it starts. */
import type { Fingerprint } from "./session.ts";
import type { WorkerKind } from "./workers.ts";

/** What this kernel and its libraries offer; where one is missing, slower code does the same. */
export interface PathFeatures {
  /** UDP_SEGMENT: many datagrams to one address in one message. */
  readonly segmentation: boolean;
  /** sendmmsg and recvmmsg. */
  readonly batching: boolean;
  /** SRTP by OpenSSL instead of the runtime's own crypto module. */
  readonly opensslCiphers: boolean;
}

/** How a worker is woken. */
export interface WorkerBell {
  /** Heartbeat, asleep word, dirty bitmap, counters (src/ring/doorbell.ts). */
  readonly block: SharedArrayBuffer;
  /** eventfd that ends its sleep. */
  readonly doorbellFd: number;
}

/** Given to a worker once, when it starts. */
export interface WorkerSetup {
  readonly kind: WorkerKind;
  /** Among all workers: its own place in `bells`. */
  readonly number: number;
  /** 0-based among workers of its kind. */
  readonly index: number;
  /** Reader-thread number in ring headers; -1 for one that reads no rings. */
  readonly reader: number;
  /** File descriptors of bound UDP sockets, one a local address, owned by control. */
  readonly sockets: readonly number[];
  /** An empty epoll instance, owned by control: a thread that is ended closes nothing. */
  readonly pollFd: number;
  /** Another, for the TCP connections that control hands over: they are no sockets of the worker's. */
  readonly streamPollFd: number;
  /** How to wake each worker, by its number: writers wake readers with news, readers wake writers with wishes. */
  readonly bells: readonly WorkerBell[];
  /** Numbers of the workers that read rings, by reader number. */
  readonly readers: readonly number[];
  readonly certificate: {
    readonly certificatePem: string;
    readonly privateKeyPem: string;
    /** For a=fingerprint (RFC 8122 5). */
    readonly fingerprint: Fingerprint;
  };
  /** Path of libssl/libcrypto chosen by control at start (src/io/openssl.ts), or "system". */
  readonly openssl: string;
  /** What the fast path may rely on here (src/io/features.ts). */
  readonly features: PathFeatures;
  /** It rehearses before it is ready (src/rehearsal). */
  readonly warmUp: boolean;
  readonly drills: boolean;
}
