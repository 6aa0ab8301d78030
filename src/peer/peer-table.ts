import { assert } from "../assert.ts";
import type { CloseReason } from "../contract/session.ts";
import type { Region } from "../srtp/cipher.ts";
import { classify, DatagramKind } from "../wire/demux.ts";
import type { Transport } from "../wire/path.ts";
import { parseStun, StunClass, StunMessage } from "../wire/stun.ts";
import type { PeerCounters } from "./counters.ts";
import { PeerEvent, type PeerEventCode } from "./events.ts";
import { type IceCredentials, keysOf, localUfragOf, usernameMatches } from "./ice-credentials.ts";
import { type Acceptor, Newcomers } from "./newcomers.ts";
import type { Peer } from "./peer.ts";
import { type Entry, isHeld, PeerAddresses } from "./peer-addresses.ts";
import { Sightings } from "./sightings.ts";
import { Tombstones } from "./tombstones.ts";
import type { Transmit } from "./transmit.ts";

/** The original credentials and those of the last restart. */
const UFRAGS_MAX = 2;

/** One message at a time in a thread. */
const message = new StunMessage();

/**
 * All sessions of one worker: finds the peer of each datagram by its validated address, or, for
 * STUN requests from elsewhere, by local ufrag. Sessions closed a moment ago still answer
 * authenticated checks, with 403. An acceptor, if there is one, makes sessions of those whom nobody has
 * announced.
 *
 * Loop of a worker: `handleDatagram` for each datagram received (act on the event of `table.peer`),
 * `handleTimeout` when `nextTimeout` is due, then `pollTransmit` until false.
 */
export class PeerTable {
  /** The peer that the last event of `handleDatagram` is about; null when it found none. */
  peer: Peer | null = null;
  /** The peer that `pollTransmit` asks or asked last; null while it asks none. */
  transmitting: Peer | null = null;
  readonly #counters: PeerCounters;
  readonly #entries = new Map<number, Entry>();
  readonly #byUfrag = new Map<string, Entry>();
  readonly #addresses: PeerAddresses;
  readonly #sightings = new Sightings();
  readonly #tombstones = new Tombstones();
  readonly #newcomers: Newcomers | null;
  /** Peers that may have something to send; closed ones are freed once drained. */
  readonly #sending = new Set<Peer>();
  #earliest = Infinity;

  /** `random` fills its argument; once, for the key of the addresses' hash. */
  constructor(
    counters: PeerCounters,
    random: (out: Uint8Array) => void,
    acceptor: Acceptor | null = null,
  ) {
    this.#counters = counters;
    this.#newcomers = acceptor === null ? null : new Newcomers(acceptor, this.#tombstones);
    this.#addresses = new PeerAddresses(random);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The peer's session number and local ufrag must be unused in this table. */
  add(peer: Peer): void {
    const { localUfrag } = peer.setup;
    assert(!this.#entries.has(peer.session), "a session is added once");
    assert(!this.#byUfrag.has(localUfrag), "local ufrags are unique");
    const credentials = [{ ufrag: localUfrag, keys: keysOf(peer.setup) }];
    const entry: Entry = { peer, credentials, paths: [] };
    this.#entries.set(peer.session, entry);
    this.#byUfrag.set(localUfrag, entry);
    // What answers a caller's first check comes from an address that is nobody's yet.
    if (peer.calls) this.#addresses.mustProve(entry);
    this.#sending.add(peer);
    this.#earliest = Math.min(this.#earliest, peer.nextTimeout());
  }

  bySession(session: number): Peer | null {
    return this.#entries.get(session)?.peer ?? null;
  }

  /** Who lives at an address. */
  at(via: Transport, sockaddr: Uint8Array): Peer | null {
    return this.#addresses.ownerAt(via, sockaddr, 0)?.peer ?? null;
  }

  /** Nothing comes from this address or goes there any more: whoever lived there does not. */
  vacate(now: number, via: Transport, sockaddr: Uint8Array): void {
    const entry = this.#addresses.ownerAt(via, sockaddr, 0);
    const path = entry?.peer.ice.validated.find(via, sockaddr, 0) ?? null;
    if (entry === null || path === null) return;
    entry.peer.ice.lose(path);
    this.#addresses.update(now, entry);
  }

  *peers(): IterableIterator<Peer> {
    for (const { peer } of this.#entries.values()) yield peer;
  }

  /** After `closed` the peer is out of the table; its last datagrams leave by `pollTransmit`. */
  handleDatagram(
    now: number,
    region: Region,
    offset: number,
    length: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): PeerEventCode {
    this.peer = null;
    const { bytes } = region;
    const kind = classify(bytes, offset, length);
    const owner = this.#addresses.ownerAt(via, sockaddr, sockaddrOffset);
    if (kind === DatagramKind.stun) {
      return this.#handleStun(now, bytes, offset, length, via, sockaddr, sockaddrOffset, owner);
    }
    if (owner === null) {
      this.#countStranger(kind);
      const rtcp = kind === DatagramKind.rtcp;
      if (rtcp || kind === DatagramKind.rtp) {
        this.#sight(now, rtcp, region, offset, length, via, sockaddr, sockaddrOffset);
      }
      return PeerEvent.none;
    }
    const peer = owner.peer;
    this.peer = peer;
    const event = peer.handleDatagram(now, region, offset, length, via, sockaddr, sockaddrOffset);
    if (kind === DatagramKind.dtls || peer.ice.stirred) this.#follow(now, owner, event);
    return event;
  }

  /**
   * Calls `onEvent` for every peer whose timeout changed its state, and `onFault` for every one whose
   * timeout throws: the others have theirs all the same.
   */
  handleTimeout(
    now: number,
    onEvent: (peer: Peer, event: PeerEventCode) => void,
    onFault: (peer: Peer, error: unknown) => void,
  ): void {
    if (now < this.#earliest) return;
    this.#earliest = Infinity;
    for (const entry of this.#entries.values()) {
      const { peer } = entry;
      try {
        if (now >= peer.nextTimeout()) {
          const event = peer.handleTimeout(now);
          this.#follow(now, entry, event);
          if (event !== PeerEvent.none) onEvent(peer, event);
        }
        this.#earliest = Math.min(this.#earliest, peer.nextTimeout());
      } catch (error) {
        onFault(peer, error);
      }
    }
  }

  /** Microseconds of `now`'s clock, or Infinity. May be earlier than needed. */
  nextTimeout(): number {
    return this.#earliest;
  }

  pollTransmit(out: Transmit): boolean {
    this.transmitting = null;
    if (this.#tombstones.pollTransmit(out)) return true;
    for (const peer of this.#sending) {
      this.transmitting = peer;
      if (peer.pollTransmit(out)) return true;
      this.#sending.delete(peer);
      if (peer.state === "closed") peer.free();
    }
    return false;
  }

  /** Closes and takes the peer out; its close_notify leaves by `pollTransmit`, then it is freed. */
  close(now: number, peer: Peer, reason: CloseReason): void {
    const entry = this.#entries.get(peer.session);
    assert(entry?.peer === peer, "the peer is in this table");
    try {
      peer.close(now, reason);
    } finally {
      this.#follow(now, entry, PeerEvent.closed);
    }
  }

  /** What a closed peer has left to send is given up. */
  silence(peer: Peer): void {
    this.#sending.delete(peer);
    if (peer.state === "closed") peer.free();
  }

  restart(now: number, peer: Peer, credentials: IceCredentials): void {
    const entry = this.#entries.get(peer.session);
    assert(entry?.peer === peer, "the peer is in this table");
    assert(!this.#byUfrag.has(credentials.localUfrag), "local ufrags are unique");
    peer.restart(now, credentials);
    // Which of the old credentials still count is the peer's business; here they only lead to it.
    if (entry.credentials.length === UFRAGS_MAX) {
      this.#byUfrag.delete(entry.credentials.shift()!.ufrag);
    }
    entry.credentials.push({ ufrag: credentials.localUfrag, keys: keysOf(credentials) });
    this.#byUfrag.set(credentials.localUfrag, entry);
    this.#follow(now, entry, PeerEvent.none);
  }

  #handleStun(
    now: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
    owner: Entry | null,
  ): PeerEventCode {
    if (!parseStun(bytes, offset, length, message)) {
      this.#counters.stunMalformed += 1;
      return PeerEvent.none;
    }
    const entry =
      this.#addressee(bytes, owner) ??
      this.#newcomer(now, bytes, offset, via, sockaddr, sockaddrOffset, owner) ??
      owner;
    if (entry === null) {
      this.#refuseStranger(now, bytes, offset, via, sockaddr, sockaddrOffset);
      return PeerEvent.none;
    }
    const { peer } = entry;
    if (owner !== null && owner !== entry && isHeld(now, owner, via, sockaddr, sockaddrOffset)) {
      this.#counters.pathConflicts += 1;
      return PeerEvent.none;
    }
    this.peer = peer;
    const event = peer.handleStun(now, bytes, offset, message, via, sockaddr, sockaddrOffset);
    this.#addresses.update(now, entry);
    this.#follow(now, entry, event);
    return event;
  }

  /** SRTP from nobody's address: should it be a session's, its client may have moved there. */
  #sight(
    now: number,
    rtcp: boolean,
    region: Region,
    offset: number,
    length: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): void {
    const peer = this.#sightings.ownerOf(
      now,
      this.peers(),
      rtcp,
      region,
      offset,
      length,
      via,
      sockaddr,
      sockaddrOffset,
    );
    if (peer === null) return;
    const entry = this.#entries.get(peer.session)!;
    peer.ice.sight(now, via, sockaddr, sockaddrOffset);
    this.#addresses.mustProve(entry);
    this.#follow(now, entry, PeerEvent.none);
  }

  /** Whom a STUN message is for: a request's local ufrag decides, else who lives there. */
  #addressee(bytes: Uint8Array, owner: Entry | null): Entry | null {
    const { usernameOffset: at, usernameLength: length } = message;
    // libnice names the two ends in its answers, too, the other way round.
    const asks = message.class === StunClass.request;
    if (!asks || at === -1) return this.#addresses.asker(bytes, message) ?? owner;
    // The usual case, without making a string.
    if (owner !== null) {
      for (const { keys } of owner.credentials) {
        if (usernameMatches(keys, bytes, at, length)) return owner;
      }
    }
    return this.#byUfrag.get(localUfragOf(bytes, at, length)) ?? null;
  }

  /**
   * Whom the message made a session of. At an address that is somebody's it makes none, nor where this
   * node calls itself: of two that call each other at once each would take the other's answers for its
   * own. By another socket both are answered.
   */
  #newcomer(
    now: number,
    bytes: Uint8Array,
    offset: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
    owner: Entry | null,
  ): Entry | null {
    if (this.#newcomers === null) return null;
    if (owner !== null && isHeld(now, owner, via, sockaddr, sockaddrOffset)) return null;
    if (this.#addresses.isCalled(via, sockaddr, sockaddrOffset)) return null;
    const peer = this.#newcomers.peerOf(now, bytes, offset, message, via, sockaddr, sockaddrOffset);
    if (peer === null) return null;
    this.add(peer);
    return this.#entries.get(peer.session)!;
  }

  #refuseStranger(
    now: number,
    bytes: Uint8Array,
    offset: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): void {
    const { usernameOffset: at, usernameLength: length } = message;
    const ufrag = at === -1 ? "" : localUfragOf(bytes, at, length);
    const closed = this.#tombstones;
    if (closed.refuse(now, ufrag, bytes, offset, message, via, sockaddr, sockaddrOffset)) {
      this.#counters.stunRefused += 1;
    } else {
      this.#counters.stunUnknown += 1;
    }
  }

  #countStranger(kind: DatagramKind): void {
    if (kind === DatagramKind.dtls) this.#counters.dtlsUnvalidated += 1;
    else if (kind === DatagramKind.unknown) this.#counters.unknown += 1;
    else this.#counters.srtpUnvalidated += 1;
  }

  #follow(now: number, entry: Entry, event: PeerEventCode): void {
    const { peer } = entry;
    peer.ice.stirred = false;
    this.#sending.add(peer);
    if (event !== PeerEvent.closed) {
      this.#earliest = Math.min(this.#earliest, peer.nextTimeout());
      return;
    }
    this.#entries.delete(peer.session);
    this.#addresses.forget(entry);
    for (const { ufrag, keys } of entry.credentials) {
      this.#byUfrag.delete(ufrag);
      this.#tombstones.add(now, ufrag, keys);
    }
  }
}
