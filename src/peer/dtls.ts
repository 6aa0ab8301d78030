/**
 * DTLS as a peer session needs it, without sockets. OpenSSL implements it in src/io; simulations
 * pass a deterministic one.
 *
 * Order of use after any `handle*` or `close`: look at `state`, then drain `pollTransmit` until it
 * returns 0, then ask `nextTimeout`.
 */
import type { Fingerprint } from "../commands.ts";
import type { SrtpProfileId } from "../srtp/cipher.ts";

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
  /** One whole datagram. Wrong and unauthenticated records are dropped and change nothing. */
  handleDatagram(now: number, bytes: Uint8Array, offset: number, length: number): void;
  /** Retransmits the flight that is due. Harmless when called early. */
  handleTimeout(now: number): void;
  /** When `handleTimeout` is due, in microseconds of `now`'s clock; Infinity when it never is. */
  nextTimeout(): number;
  /** Writes one datagram of at most DTLS_DATAGRAM_MAX bytes into `out`; 0 when there is none. */
  pollTransmit(out: Uint8Array): number;
  /** Only in state `connected`. */
  keys(): DtlsKeys;
  /** Queues close_notify (if the handshake is complete) and ends the session. */
  close(now: number): void;
  /** Releases the foreign memory. Nothing else may be called afterwards; a second call is ignored. */
  free(): void;
}

export interface DtlsFactory {
  /**
   * A session in state `handshaking`. A client's first flight is ready in `pollTransmit`; a server
   * waits for one. The peer's certificate must match one of `fingerprints`, and possession of its
   * key must be proven, before `connected` is reported.
   */
  create(role: DtlsRole, fingerprints: readonly Fingerprint[], now: number): DtlsSession;
}

/** Fits the 1,280 bytes of an IPv6 minimum-MTU path: 1,280 - 40 - 8 = 1,232. */
export const DTLS_DATAGRAM_MAX = 1200;
