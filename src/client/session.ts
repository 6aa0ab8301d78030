/**
 * One WHIP or WHEP session of ours: offer, answer, and the peer that checks the server's addresses.
 * It has no socket, no clock and no loop: whoever has gives it datagrams and turns.
 */
import type { MediaSection } from "../contract/session.ts";
import { createPeerCounters } from "../peer/counters.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import { Peer } from "../peer/peer.ts";
import { createTransmit } from "../peer/transmit.ts";
import { type ClientOffer, clientPeer, readAnswer, writeOffer } from "../sdp/client.ts";
import { isProblem } from "../sdp/problem.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Path, Transport } from "../wire/path.ts";
import { acceptedSections, offerOf } from "./offer.ts";
import type { PacketSink } from "./rtp-track.ts";
import type { SessionOptions, Signalling } from "./session-options.ts";

/** The session could not begin, or ended without being asked to. */
export class SessionError extends Error {
  override readonly name = "SessionError";
}

/** Datagrams that one socket received in one go, as the receivers of src/io have them. */
export interface DatagramBatch {
  readonly region: Region;
  readonly names: Uint8Array;
  offset(i: number): number;
  length(i: number): number;
  /** Where the i-th sender's sockaddr begins in `names`. */
  nameOffset(i: number): number;
}

export interface SessionListener {
  /**
   * What a datagram did, unless it was nothing. A packet stands opened at `bytes[offset]`, so long
   * as `peer.length` says.
   */
  handleEvent(event: PeerEventCode, now: number, bytes: Uint8Array, offset: number): void;
}

// One datagram at a time in a thread; and nobody asks what was dropped on the way to a client.
const transmit = createTransmit();
const counters = createPeerCounters();

/** As a PacketSink it sends on the selected path. */
export class ClientSession implements PacketSink {
  readonly offer: ClientOffer;
  /** What the server accepted: its own sections, or ours with its payload types. */
  readonly media: readonly MediaSection[];
  readonly peer: Peer;
  readonly #signalling: Signalling;
  readonly #first: Path;

  /**
   * Posts an offer. Throws what the signalling throws, or a SessionError once the session that is of
   * no use is deleted. The first `tick` sends the first check.
   */
  static async open(options: SessionOptions): Promise<ClientSession> {
    const { role, media, fingerprint, random, signalling } = options;
    const offer = offerOf(role, media, fingerprint, random);
    const answer = await signalling.create(writeOffer(offer));
    try {
      return new ClientSession(options, offer, answer);
    } catch (error) {
      await signalling.delete();
      throw error;
    }
  }

  private constructor(options: SessionOptions, offer: ClientOffer, text: string) {
    const { dtls, ciphers, sourcesMax, random } = options;
    this.offer = offer;
    this.#signalling = options.signalling;
    const answer = readAnswer(text);
    if (isProblem(answer)) throw new SessionError(`unusable answer: ${answer.detail}`);
    this.media =
      offer.role === "viewer" ? answer.media : acceptedSections(offer.media, answer.media);
    if (this.media.length === 0) throw new SessionError("the server takes none of the tracks");
    const paths = options.sockets.pathsTo(answer.peer.candidates);
    if (paths.length === 0) {
      throw new SessionError("the server named no address that this machine can send to");
    }
    this.#first = paths[0]!;
    this.peer = new Peer({
      session: 1,
      setup: clientPeer(offer, answer),
      ice: { mode: "controlling", paths, random },
      dtls,
      ciphers,
      counters,
      sourcesMax,
      now: options.clock(),
    });
  }

  /** The first `count` datagrams of what came by a transport of ours. `tick` is due then. */
  handleDatagrams(
    now: number,
    via: Transport,
    batch: DatagramBatch,
    count: number,
    listener: SessionListener,
  ): void {
    const { region, names } = batch;
    for (let i = 0; i < count; i += 1) {
      const offset = batch.offset(i);
      const length = batch.length(i);
      const name = batch.nameOffset(i);
      const event = this.peer.handleDatagram(now, region, offset, length, via, names, name);
      if (event !== PeerEvent.none) listener.handleEvent(event, now, region.bytes, offset);
    }
  }

  /** Timers that are due, and what is to be sent because of them or of what came. */
  tick(now: number): void {
    if (now >= this.peer.nextTimeout()) this.peer.handleTimeout(now);
    this.flush();
  }

  /** Sends checks, handshake and goodbye. */
  flush(): void {
    while (this.peer.pollTransmit(transmit)) {
      const { bytes, length, path } = transmit;
      path.via.send(path, bytes, length);
    }
  }

  get region(): Region {
    return this.#path.via.region;
  }

  reserve(bytes: number): number {
    return this.peer.path === null ? -1 : this.#path.via.reserve(bytes);
  }

  commit(length: number): void {
    const { path } = this.peer;
    path?.via.commit(path, length);
  }

  /** Says goodbye to the server's peer and lets go of ours. Harmless when repeated. */
  end(now: number): void {
    this.peer.close(now, "deleted");
    this.flush();
    this.peer.free();
  }

  /** Ends the session over HTTP. */
  delete(): Promise<void> {
    return this.#signalling.delete();
  }

  /** Before one is chosen, one is as good as another. */
  get #path(): Path {
    return this.peer.path ?? this.#first;
  }
}
