/**
 * DTLS as a peer session needs it, without sockets, and the library behind it: OpenSSL in src/io.
 *
 * Order of use after any `handle*` or `close`: look at `state`, then drain `pollTransmit` until it
 * returns 0, then ask `nextTimeout`.
 */
import { DTLS_MESSAGE_BYTES_MAX } from "../limits.ts";
import type { SrtpProfileId } from "../srtp/cipher.ts";
import type { Expected } from "./fingerprint.ts";

export type DtlsRole = "client" | "server";

/** `connected` and `closed` are reached only through authenticated records. */
export type DtlsState = "handshaking" | "connected" | "closed" | "failed";

/** SRTP master keys and salts (RFC 5764 4.2), as seen from this end. */
export interface DtlsKeys {
  readonly profile: SrtpProfileId;
  readonly localKey: Uint8Array;
  readonly localSalt: Uint8Array;
  readonly remoteKey: Uint8Array;
  readonly remoteSalt: Uint8Array;
}

export interface DtlsSession {
  readonly state: DtlsState;
  /** Why the state is `failed`, for logs; empty otherwise. */
  readonly failure: string;
  /** What was wrong with what came last, though it ended nothing; empty when nothing was. */
  readonly complaint: string;
  /** One whole datagram. Wrong and unauthenticated records are dropped and change nothing. */
  handleDatagram(now: number, bytes: Uint8Array, offset: number, length: number): void;
  /** Retransmits the flight that is due. Harmless when called early. */
  handleTimeout(now: number): void;
  /** When `handleTimeout` is due, in microseconds of `now`'s clock; Infinity when it never is. */
  nextTimeout(): number;
  /** SRTP came though DTLS is not connected: the peer is, so what it sent last was lost. */
  noteMedia(now: number): void;
  /** Writes one datagram of at most DTLS_DATAGRAM_MAX bytes into `out`; 0 when there is none. */
  pollTransmit(out: Uint8Array): number;
  /** Only in state `connected`. */
  keys(): DtlsKeys;
  /** Keying material of a use of its own (RFC 5705), the same at both ends. Only in state `connected`. */
  exportKey(label: string, length: number): Uint8Array;
  /** SubjectPublicKeyInfo (DER) of the peer's certificate. Only in state `connected`. */
  peerKey(): Uint8Array;
  /** Queues close_notify (if the handshake is complete) and ends the session. */
  close(now: number): void;
  /** Releases the foreign memory. Nothing else may be called afterwards; a second call is ignored. */
  free(): void;
}

/** How a session ends that the time to connect did not suffice for; `dtls` null: ICE never began. */
export function whyNotConnected(dtls: DtlsSession | null): {
  readonly reason: "connect-timeout" | "dtls-failed";
  readonly detail: string;
} {
  if (dtls === null) return { reason: "connect-timeout", detail: "no valid ICE check" };
  if (dtls.complaint !== "") return { reason: "dtls-failed", detail: dtls.complaint };
  return { reason: "connect-timeout", detail: "DTLS did not complete" };
}

export interface DtlsFactory {
  /**
   * A session in state `handshaking`. A client's first flight is ready in `pollTransmit`; a server
   * waits for one. The peer's certificate must be `expected`, and possession of its key must be
   * proven, before `connected` is reported. A server that expects ANY_NODE answers no hello without a
   * cookie of its own. `clientRepeatUs` (of dtls-repeat.ts): when a
   * client first repeats a flight behind its hello.
   */
  create(
    role: DtlsRole,
    expected: Expected,
    now: number,
    counts: DtlsCounts,
    clientRepeatUs?: number,
  ): DtlsSession;
}

/** Totals of whoever asks for sessions; += is the whole API. */
export interface DtlsCounts {
  /** Records and messages that could not be of their handshake. */
  dtlsDropped: number;
  /** Handshakes that began anew within their session. */
  dtlsRestarts: number;
}

/**
 * The DTLS library with one handshake, behind src/peer/dtls-guard.ts: no clock and no datagrams, only
 * records. It never repeats anything by itself before it is connected.
 */
export interface DtlsEngine {
  readonly state: DtlsState;
  /** Why the state is `failed`. */
  readonly failure: string;
  /** The peer's Finished has been right, so whatever failed was the peer's own doing. */
  readonly authentic: boolean;
  /** Whole records, at most ENGINE_INPUT_BYTES_MAX bytes. */
  feed(records: Uint8Array): void;
  /** A copy of what it wrote since the last call: whole records, back to back. */
  take(): Uint8Array;
  /** Our encrypted Finished again, as record `sequence`; null when it cannot be. */
  reseal(record: Uint8Array, sequence: number): Uint8Array | null;
  /** The next `count` record numbers are taken by `reseal`. */
  skipRecords(count: number): void;
  /** Only in state `connected`. */
  keys(): DtlsKeys;
  /** The same. */
  exportKey(label: string, length: number): Uint8Array;
  /** The same. */
  peerKey(): Uint8Array;
  /** Writes close_notify. */
  close(): void;
  free(): void;
}

export interface DtlsEngineFactory {
  /**
   * A client's first flight is ready in `take`. `cookie`: as server, what is fed first is a hello
   * without a cookie, and what it then writes asks for one.
   */
  engine(role: DtlsRole, expected: Expected, cookie: boolean): DtlsEngine;
  /** Unpredictable bytes. */
  random(length: number): Uint8Array;
}

/** One message whole, in its record and with its header. */
export const ENGINE_INPUT_BYTES_MAX = DTLS_MESSAGE_BYTES_MAX + 64;

/** Fits the 1,280 bytes of an IPv6 minimum-MTU path: 1,280 - 40 - 8 = 1,232. */
export const DTLS_DATAGRAM_MAX = 1200;
