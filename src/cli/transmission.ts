/** Sends frames over one connected session until the file ends, the user stops it, or it is lost. */
import type { PlaybackItem, RefusedFrame } from "../client/file-pass.ts";
import type { MediaFrame } from "../client/media.ts";
import type { PacketSink } from "../client/rtp-track.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import type { UdpReceiver } from "../io/udp-receiver.ts";
import { PeerEvent } from "../peer/events.ts";
import { createTransmit } from "../peer/transmit.ts";
import { formatPath } from "../wire/path.ts";
import { PublishError, type WhipConnection } from "./whip-connection.ts";

/** Where frames come from, and who is told of them. */
export interface TransmissionHooks {
  /** The next item: null at the end, undefined while it is still being read. */
  readonly poll: () => PlaybackItem | null | undefined;
  readonly connected: (path: string, profile: string | null) => void;
  readonly sent: (frame: MediaFrame) => void;
  /** The server reported on what was sent so far: it was there until now. */
  readonly heard: () => void;
  readonly refused: (frame: RefusedFrame) => void;
  /** Once a turn, with the clock. */
  readonly turn: (now: number) => void;
}

/** Longest sleep of the loop: how late a NACK is answered at most. */
const SLEEP_MAX_MS = 5;
/** Checks and a handshake take some round trips; ten seconds are many losses. */
const CONNECT_US = 10_000_000;
/** Further behind than this the process was suspended: go on from here instead of hurrying. */
const LATE_MAX_US = 1_000_000;

export class Transmission {
  readonly #transmit = createTransmit();
  readonly #createdUs = monotonicUs();
  #connected = false;
  #startUs = Number.NaN;
  #next: MediaFrame | null = null;
  #ended = false;

  constructor(
    private readonly connection: WhipConnection,
    private readonly receiver: UdpReceiver,
    private readonly hooks: TransmissionHooks,
  ) {}

  /** Resolves at the end of the file or at `stop`; throws a PublishError when the session is lost. */
  async run(stop: AbortSignal): Promise<void> {
    while (!this.#ended && !stop.aborted) {
      const now = monotonicUs();
      this.#receive(now);
      this.connection.peer.handleTimeout(now);
      this.#checkAlive();
      if (this.#connected) this.#sendDue();
      this.#flush(now);
      this.hooks.turn(now);
      await Bun.sleep(this.#sleepMs());
    }
    this.#leave(monotonicUs());
  }

  #sendDue(): void {
    for (;;) {
      const frame = this.#peek();
      if (frame === null) return;
      const now = monotonicUs();
      // The first frame goes out at once; the clock of the file begins with it.
      if (Number.isNaN(this.#startUs)) this.#anchor(now - frame.timeUs);
      const dueUs = this.#startUs + frame.timeUs;
      if (dueUs > now) return;
      if (now - dueUs > LATE_MAX_US) this.#anchor(now - frame.timeUs);
      this.#next = null;
      this.#sendFrame(frame, now);
    }
  }

  /** The frame that is next, without taking it; null when there is none yet, or none any more. */
  #peek(): MediaFrame | null {
    while (this.#next === null && !this.#ended) {
      const item = this.hooks.poll();
      if (item === undefined) return null;
      if (item === null) this.#ended = true;
      else if ("refused" in item) this.hooks.refused(item);
      else this.#next = item;
    }
    return this.#next;
  }

  #sendFrame(frame: MediaFrame, now: number): void {
    const { peer, media } = this.connection;
    const sink = this.#sink();
    if (sink === null || peer.sender === null || !peer.mediaAllowed) return;
    media.sendReports(peer.sender, sink, now, realtimeUs());
    const refused = media.sendFrame(peer.sender, sink, frame);
    if (refused === null) this.hooks.sent(frame);
    else this.hooks.refused({ kind: frame.kind, timeUs: frame.timeUs, refused });
  }

  #receive(now: number): void {
    const { receiver } = this;
    const { peer, media, links } = this.connection;
    for (const [socket, link] of links.entries()) {
      const count = receiver.receive(link.fd);
      for (let i = 0; i < count; i += 1) {
        const offset = receiver.offset(i);
        const event = peer.handleDatagram(
          now,
          receiver.region,
          offset,
          receiver.length(i),
          socket,
          receiver.names,
          receiver.nameOffset(i),
        );
        if (event === PeerEvent.connected) this.#start();
        if (event === PeerEvent.rtcp) this.hooks.heard();
        const sink = event === PeerEvent.rtcp ? this.#sink() : null;
        if (sink === null || peer.sender === null) continue;
        media.handleRtcp(peer.sender, sink, receiver.region.bytes, offset, peer.length);
      }
    }
  }

  #start(): void {
    this.#connected = true;
    const { path, srtpProfile } = this.connection.peer;
    this.hooks.connected(path === null ? "?" : formatPath(path), srtpProfile);
  }

  #anchor(originUs: number): void {
    this.#startUs = originUs;
    this.connection.media.anchor(originUs);
  }

  /** Room for sealed packets on the selected path. */
  #sink(): PacketSink | null {
    const { path } = this.connection.peer;
    const sender = path === null ? undefined : this.connection.links[path.socket]?.sender;
    if (path === null || sender === undefined) return null;
    return {
      region: sender.region,
      reserve: (bytes) => sender.reserve(bytes),
      commit: (length) => sender.commit(path, length),
    };
  }

  #flush(now: number): void {
    const { peer, links } = this.connection;
    if (peer.nextTimeout() <= now) peer.handleTimeout(now);
    const transmit = this.#transmit;
    while (peer.pollTransmit(transmit)) {
      const { path, bytes, length } = transmit;
      links[path.socket]?.sender.send(path, bytes, length);
    }
    for (const link of links) link.sender.flush();
  }

  #sleepMs(): number {
    if (this.#ended || !this.#connected || this.#next === null) return 1;
    const us = this.#startUs + this.#next.timeUs - monotonicUs();
    return Math.min(SLEEP_MAX_MS, Math.max(0, us / 1000));
  }

  /** Without consent for 10 s the server is gone: a new session is quicker than its return. */
  #checkAlive(): void {
    const { peer } = this.connection;
    if (peer.state === "closed") {
      const detail = peer.closeDetail === "" ? "" : ` (${peer.closeDetail})`;
      throw new PublishError(`the session ended: ${peer.closeReason}${detail}`);
    }
    if (this.#connected && !peer.mediaAllowed) {
      throw new PublishError("the server does not answer any more");
    }
    if (!this.#connected && monotonicUs() - this.#createdUs > CONNECT_US) {
      throw new PublishError("no connection by UDP within 10 s: is the server's media port open?");
    }
  }

  #leave(now: number): void {
    const { peer, media } = this.connection;
    const sink = this.#sink();
    if (sink !== null && peer.sender !== null && this.#connected) {
      media.sendBye(peer.sender, sink, now, realtimeUs());
    }
    peer.close(now, "deleted");
    this.#flush(now);
  }
}
