/** What a session needs of ICE, whichever end it is. */
import type { Transport } from "../wire/path.ts";
import type { StunMessage } from "../wire/stun.ts";
import type { IceCredentials } from "./ice-credentials.ts";
import type { PathSet, RemotePath } from "./remote-path.ts";
import type { Transmit } from "./transmit.ts";

export const IceOutcome = {
  /** Not for us, or of no consequence. */
  ignored: 0,
  /** Wrong USERNAME or MESSAGE-INTEGRITY: no answer. */
  forged: 1,
  /** Authentic, but answered with an error. */
  refused: 2,
  /** Authentic: a sign of life from this address. */
  valid: 3,
  /** Authentic, and the remote end withdraws consent (403). */
  revoked: 4,
} as const;
export type IceOutcome = (typeof IceOutcome)[keyof typeof IceOutcome];

export interface IceAgent {
  /** Where media goes; null before the first valid check. */
  readonly selected: RemotePath | null;
  /** Addresses that DTLS and SRTP are taken from. */
  readonly validated: PathSet;
  /** When the selected path last gave its consent (RFC 7675), us. */
  readonly consentAt: number;
  /** What goes to the selected path may not arrive there: it gets UNPROVEN_BYTES_PER_SECOND. */
  readonly unproven: boolean;
  /** True when `nextTimeout` may have become earlier; whoever asks for it anew clears it. */
  stirred: boolean;
  /** Of the last check, us; controlling side only, else null. */
  readonly roundTripUs: number | null;
  handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    message: StunMessage,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): IceOutcome;
  /** DTLS is complete. `proven`: its whole handshake went over the selected path. */
  connected(now: number, proven: boolean): void;
  /** Authentic and fresh SRTP or SRTCP came from a validated path. */
  heard(now: number, path: RemotePath): void;
  /** Authentic SRTP came from an address that no check has come from: it is asked, no more. */
  sight(now: number, via: Transport, sockaddr: Uint8Array, sockaddrOffset: number): void;
  /** That address, until it has answered or a check has come from there. */
  readonly sighted: RemotePath | null;
  /** Whether it calls at this address, and nobody has answered it so far. */
  isCalling(via: Transport, sockaddr: Uint8Array, sockaddrOffset: number): boolean;
  /** Whether the STUN response with this transaction id answers a question of ours. */
  awaits(bytes: Uint8Array, transactionIdOffset: number): boolean;
  /** A validated path whose address is another session's so far: this one must prove it. */
  prove(now: number, path: RemotePath): void;
  restart(now: number, credentials: IceCredentials): void;
  /** Another session was proven to live at this address now. */
  lose(path: RemotePath): void;
  handleTimeout(now: number): void;
  nextTimeout(): number;
  pollTransmit(out: Transmit): boolean;
}
