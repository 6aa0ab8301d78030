/**
 * All sessions of one worker: finds the peer of each datagram by its validated address, or, for
 * STUN requests, by local ufrag. Sessions closed a moment ago still answer checks, with 403.
 *
 * Loop of a worker: `handleDatagram` for each datagram received (act on the event of `table.peer`),
 * `handleTimeout` when `nextTimeout` is due, then `pollTransmit` until false.
 */
import type { CloseReason } from "../commands.ts";
import type { Region } from "../srtp/cipher.ts";
import type { PeerCounters } from "./counters.ts";
import type { PeerEventCode } from "./events.ts";
import type { IceCredentials, Peer } from "./peer.ts";
import type { Transmit } from "./transmit.ts";

export declare class PeerTable {
  /** The peer that the last event of `handleDatagram` is about; null when it found none. */
  readonly peer: Peer | null;
  readonly size: number;

  constructor(counters: PeerCounters);
  /** The peer's local ufrag must be unused in this table. */
  add(peer: Peer): void;
  bySession(session: number): Peer | null;
  peers(): IterableIterator<Peer>;
  /** After `closed` the peer is out of the table; its last datagrams leave by `pollTransmit`. */
  handleDatagram(
    now: number,
    region: Region,
    offset: number,
    length: number,
    socket: number,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode;
  /** Calls `onEvent` for every peer whose timeout changed its state. */
  handleTimeout(now: number, onEvent: (peer: Peer, event: PeerEventCode) => void): void;
  nextTimeout(): number;
  pollTransmit(out: Transmit): boolean;
  /** Closes and takes the peer out; its close_notify leaves by `pollTransmit`, then it is freed. */
  close(now: number, peer: Peer, reason: CloseReason): void;
  restart(now: number, peer: Peer, credentials: IceCredentials): void;
}
