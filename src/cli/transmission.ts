/** Sends frames over one connected session until the file ends, the user stops it, or it is lost. */
import type { PlaybackItem, RefusedFrame } from "../client/file-pass.ts";
import type { MediaFrame } from "../client/media.ts";
import { SessionError, type SessionListener } from "../client/session.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import type { UdpReceiver } from "../io/udp-receiver.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import { formatPath } from "../wire/path.ts";
import type { WhipConnection } from "./whip-connection.ts";

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

export class Transmission implements SessionListener {
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

  /** Resolves at the end of the file or at `stop`; throws a SessionError when the session is lost. */
  async run(stop: AbortSignal): Promise<void> {
    while (!this.#ended && !stop.aborted) {
      const now = monotonicUs();
      this.#receive(now);
      this.connection.session.tick(now);
      this.#checkAlive();
      if (this.#connected) this.#sendDue();
      this.connection.links.flush();
      this.hooks.turn(now);
      await Bun.sleep(this.#sleepMs());
    }
    this.#sayBye(monotonicUs());
  }

  handleEvent(event: PeerEventCode, _now: number, bytes: Uint8Array, offset: number): void {
    const { session, media } = this.connection;
    const { sender, length } = session.peer;
    if (event === PeerEvent.connected) this.#start();
    if (event !== PeerEvent.rtcp || sender === null) return;
    this.hooks.heard();
    media.handleRtcp(sender, session, bytes, offset, length);
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
    const { session, media } = this.connection;
    const { sender, mediaAllowed } = session.peer;
    if (sender === null || !mediaAllowed) return;
    media.sendReports(sender, session, now, realtimeUs());
    const refused = media.sendFrame(sender, session, frame);
    if (refused === null) this.hooks.sent(frame);
    else this.hooks.refused({ kind: frame.kind, timeUs: frame.timeUs, refused });
  }

  #receive(now: number): void {
    const { session, links } = this.connection;
    for (const { fd, sender } of links.all) {
      session.handleDatagrams(now, sender, this.receiver, this.receiver.receive(fd), this);
    }
  }

  #start(): void {
    this.#connected = true;
    const { path, srtpProfile } = this.connection.session.peer;
    this.hooks.connected(path === null ? "?" : formatPath(path), srtpProfile);
  }

  #anchor(originUs: number): void {
    this.#startUs = originUs;
    this.connection.media.anchor(originUs);
  }

  #sleepMs(): number {
    if (this.#ended || !this.#connected || this.#next === null) return 1;
    const us = this.#startUs + this.#next.timeUs - monotonicUs();
    return Math.min(SLEEP_MAX_MS, Math.max(0, us / 1000));
  }

  /** Without consent for 10 s the server is gone: a new session is quicker than its return. */
  #checkAlive(): void {
    const { peer } = this.connection.session;
    if (peer.state === "closed") {
      const detail = peer.closeDetail === "" ? "" : ` (${peer.closeDetail})`;
      throw new SessionError(`the session ended: ${peer.closeReason}${detail}`);
    }
    if (this.#connected && !peer.mediaAllowed) {
      throw new SessionError("the server does not answer any more");
    }
    if (!this.#connected && monotonicUs() - this.#createdUs > CONNECT_US) {
      throw new SessionError("no connection by UDP within 10 s: is the server's media port open?");
    }
  }

  #sayBye(now: number): void {
    const { session, media } = this.connection;
    const { sender } = session.peer;
    if (sender !== null) media.sendBye(sender, session, now, realtimeUs());
  }
}
