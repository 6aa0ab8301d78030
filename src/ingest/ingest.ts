import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerCommand } from "../contract/messages.ts";
import type { CloseReason } from "../contract/session.ts";
import type { SessionStats } from "../contract/statistics.ts";
import { SLEEP_MAX_US } from "../limits.ts";
import type { Peer } from "../peer/peer.ts";
import type { Doorbells } from "../ring/doorbell.ts";
import type { RingWriter } from "../ring/writer.ts";
import type { Region } from "../srtp/cipher.ts";
import { readU32 } from "../wire/bytes.ts";
import type { BitrateLimit } from "./bitrate-limit.ts";
import { Deadlines, type Due } from "./deadlines.ts";
import { EarlyMedia } from "./early-media.ts";
import { Publisher, RTCP_BYTES_MAX } from "./publisher.ts";

/** Of randomness, in a CNAME (RFC 7022 4.2). */
const CNAME_BYTES = 12;

type Open = Extract<WorkerCommand, { type: "publisher-open" }>;
type Rings = Extract<WorkerCommand, { type: "publisher-rings" }>;

export interface IngestEnvironment {
  /** Of all workers. */
  readonly bells: Doorbells;
  /** Fills its argument. */
  readonly random: (out: Uint8Array) => void;
  /** The worker's counters (src/contract/counters.ts). */
  readonly counters: Float64Array;
}

/** What ingest tells its worker. */
export interface IngestEvents {
  /** A publisher went beyond its bit rate, or came back within it. */
  limited(session: number, limit: BitrateLimit): void;
  /** The session cannot go on: close it. */
  ended(session: number, reason: CloseReason, now: number): void;
  /** Something threw while `place` of this session was served: it is to be closed. */
  faulted(session: number, place: string, error: unknown, now: number): void;
}

/** One publisher's session, from its opening on. */
interface Publication extends Due {
  readonly command: Open;
  readonly peer: Peer;
  /** What it sends before it has rings; null afterwards. */
  early: EarlyMedia | null;
  /** Null until it has rings (it is not connected, or control has not answered), and when closed. */
  publisher: Publisher | null;
  /** It is among those that received something since the last `received`. */
  touched: boolean;
}

type Step = (publisher: Publisher, peer: Peer, now: number) => void;

/**
 * The writer side of one worker: all its publishers and the rings that they fill. Sans I/O: the
 * worker passes time and packets in and flushes the transports after each turn. A turn costs for
 * those who received something and for those whose time has come; others are not looked at.
 */
export class Ingest {
  readonly #environment: IngestEnvironment;
  readonly #events: IngestEvents;
  readonly #publications = new Map<number, Publication>();
  /** By the rings that they write. */
  readonly #writers = new Map<number, Publication>();
  /** Who received something since the last `received`. */
  readonly #touched: Publication[] = [];
  readonly #deadlines = new Deadlines<Publication>();

  constructor(environment: IngestEnvironment, events: IngestEvents) {
    this.#environment = environment;
    this.#events = events;
  }

  open(command: Open, peer: Peer): void {
    this.#publications.set(command.session, {
      command,
      peer,
      early: new EarlyMedia(),
      publisher: null,
      touched: false,
      dueAt: Number.POSITIVE_INFINITY,
      place: -1,
    });
  }

  /** A publisher gets its rings, and what it has sent meanwhile goes into them. */
  grant({ session, rings }: Rings, now: number): void {
    const publication = this.#publications.get(session);
    // Gone meanwhile; control gets the rings back with its `closed`.
    if (publication === undefined || publication.early === null) return;
    const { command, peer, early } = publication;
    const { bells, counters } = this.#environment;
    const publisher = new Publisher({
      command: { ...command, rings },
      peer,
      now,
      ssrc: readU32(this.#random(4), 0) || 1,
      cname: Buffer.from(this.#random(CNAME_BYTES)).toString("base64url"),
      readers: bells.readers,
      counters,
    });
    publication.publisher = publisher;
    for (const { ring } of publisher.tracks) this.#writers.set(ring.index, publication);
    publication.early = null;
    early.replay((region, offset, length, arrival, rtcp) => {
      if (rtcp) publisher.handleRtcp(now, region, offset, length, arrival);
      else publisher.handleRtp(now, region, offset, length, arrival);
    });
    publisher.drainTouched(this.#ring);
    this.#sendFeedback(publisher, peer, now);
    this.#arm(publication, publisher, now);
  }

  close(session: number): void {
    const publication = this.#publications.get(session);
    if (publication === undefined) return;
    this.#publications.delete(session);
    this.#deadlines.remove(publication);
    const { publisher } = publication;
    publication.publisher = null;
    if (publisher === null) return;
    for (const { ring } of publisher.tracks) this.#writers.delete(ring.index);
    publisher.close();
  }

  /** A reader of this ring has a new wish: it is heard in this turn. */
  mark(index: number): void {
    const publication = this.#writers.get(index);
    if (publication === undefined) return;
    publication.publisher!.heed();
    this.#deadlines.set(publication, Number.NEGATIVE_INFINITY);
  }

  /** A plaintext RTP packet of a session's peer, and when it came. */
  handleRtp(
    session: number,
    now: number,
    region: Region,
    offset: number,
    length: number,
    arrival: number,
  ): void {
    const publication = this.#publications.get(session);
    if (publication === undefined) return;
    this.#touch(publication);
    const { publisher } = publication;
    if (publisher !== null) publisher.handleRtp(now, region, offset, length, arrival);
    else this.#hold(publication, region, offset, length, arrival, false);
  }

  /** A plaintext compound RTCP packet. */
  handleRtcp(
    session: number,
    now: number,
    region: Region,
    offset: number,
    length: number,
    arrival: number,
  ): void {
    const publication = this.#publications.get(session);
    if (publication === undefined) return;
    this.#touch(publication);
    const { publisher } = publication;
    if (publisher !== null) publisher.handleRtcp(now, region, offset, length, arrival);
    else this.#hold(publication, region, offset, length, arrival, true);
  }

  /** After each batch of packets: readers hear of what is new, and what is due to publishers leaves. */
  received(now: number): void {
    const list = this.#touched;
    for (let next = list.pop(); next !== undefined; next = list.pop()) {
      next.touched = false;
      this.#serve(next, "its feedback", now, this.#afterBatch);
    }
  }

  handleTimeout(now: number): void {
    for (let next = this.#deadlines.take(now); next !== null; next = this.#deadlines.take(now)) {
      this.#serve(next, "a timer", now, this.#onTimeout);
    }
  }

  nextTimeout(): number {
    return this.#deadlines.earliest;
  }

  /** Of one session, or of all. */
  stats(session: number | null, now: number): SessionStats[] {
    const found: SessionStats[] = [];
    const report: Step = (publisher) => found.push(publisher.stats(now));
    for (const publication of this.#publications.values()) {
      if (session !== null && publication.command.session !== session) continue;
      this.#serve(publication, "its statistics", now, report);
    }
    return found;
  }

  readonly #ring = (index: number, writer: RingWriter, urgent: boolean): void =>
    this.#environment.bells.ring(index, writer, urgent);

  readonly #afterBatch: Step = (publisher, peer, now) => {
    publisher.drainTouched(this.#ring);
    this.#sendFeedback(publisher, peer, now);
  };

  readonly #onTimeout: Step = (publisher, peer, now) => {
    publisher.handleTimeout(now);
    this.#sendFeedback(publisher, peer, now);
    const { session, limit } = publisher;
    if (!limit.changed) return;
    limit.changed = false;
    this.#events.limited(session, limit);
    if (limit.stage === "ended") this.#events.ended(session, "bitrate", now);
  };

  #touch(publication: Publication): void {
    if (publication.touched) return;
    publication.touched = true;
    this.#touched.push(publication);
  }

  /** What one publisher makes throw costs that one; the others have their turn all the same. */
  #serve(publication: Publication, place: string, now: number, step: Step): void {
    const { publisher, peer } = publication;
    if (publisher === null) return;
    try {
      step(publisher, peer, now);
      // The step may have ended it.
      if (publication.publisher !== null) this.#arm(publication, publisher, now);
    } catch (error) {
      this.#events.faulted(publisher.session, place, error, now);
    }
  }

  /** When it is to be served again: later than now, so that nobody is served twice in one call. */
  #arm(publication: Publication, publisher: Publisher, now: number): void {
    const { peer } = publication;
    // What is due and cannot leave (no consent, or another session took over its address) waits.
    const sends = peer.path !== null && peer.reportsAllowed;
    const soonest = now + (sends ? 1 : SLEEP_MAX_US);
    this.#deadlines.set(publication, Math.max(soonest, publisher.nextTimeout()));
  }

  #hold(
    { early }: Publication,
    region: Region,
    offset: number,
    length: number,
    arrival: number,
    rtcp: boolean,
  ): void {
    if (early!.hold(region, offset, length, arrival, rtcp)) return;
    countUp(this.#environment.counters, Counter.packetsEarlyDropped);
  }

  /** Seals what is due to a publisher into its transport's arena. */
  #sendFeedback(publisher: Publisher, peer: Peer, now: number): void {
    const { sender, path } = peer;
    if (sender === null || path === null || now < publisher.nextTimeout()) return;
    const { via } = path;
    const { region } = via;
    // Without consent nothing leaves (RFC 7675); a path on trial has a ration.
    while (peer.reportsAllowed) {
      const at = via.reserve(RTCP_BYTES_MAX + sender.rtcpOverhead);
      if (at < 0) return;
      const length = publisher.pollRtcp(now, region.bytes.subarray(at, at + RTCP_BYTES_MAX));
      if (length === 0) return;
      const sealed = sender.sealRtcp(region, at, length);
      via.commit(path, sealed);
      peer.noteReport(sealed);
    }
  }

  #random(bytes: number): Uint8Array {
    const out = new Uint8Array(bytes);
    this.#environment.random(out);
    return out;
  }
}
