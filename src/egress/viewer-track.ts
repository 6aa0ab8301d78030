import type { MediaSection } from "../commands.ts";
import { Counter } from "../counters.ts";
import { CATCH_UP_INTERVAL_US, CATCH_UP_PACKETS } from "../limits.ts";
import { SlotFlag } from "../ring/layout.ts";
import { ReadResult } from "../ring/reader.ts";
import type { SendStream } from "../srtp/sender.ts";
import type { EgressContext } from "./context.ts";
import type { Feed } from "./feed.ts";
import { OwnExtensions } from "./own-extensions.ts";
import { ParameterSetPacket } from "./parameter-set-packet.ts";
import { Segments } from "./segments.ts";
import { SentHistory } from "./sent-history.ts";
import type { SourceClock } from "./source-clock.ts";
import type { Staging } from "./staging.ts";
import { TimeLine } from "./time-line.ts";
import { TrackFormat } from "./track-format.ts";
import { TrackTotals } from "./track-totals.ts";
import type { Viewer } from "./viewer.ts";

/**
 * idle: no ring. waiting: for a place to begin. catchUp: from the cached keyframe to the live edge.
 * live: forwards what arrives.
 */
export type TrackState = "idle" | "waiting" | "catchUp" | "live";

/** What a step of the catch-up came to. */
export const CatchUp = { done: 0, more: 1, outputFull: 2 } as const;

/** First indices are random below this (RFC 3711 3.3.1: below 2^15, see Segments). */
export const RANDOM_INDEX_RANGE = 32768;

/** One SSRC toward a viewer: numbers, timestamps and payload types of its own over a ring's media. */
export class ViewerTrack {
  state: TrackState = "idle";
  feed: Feed | null = null;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly segments: Segments<Feed>;
  readonly history: SentHistory;
  readonly format: TrackFormat;
  readonly own: OwnExtensions;
  readonly parameterSets: ParameterSetPacket;
  readonly totals = new TrackTotals();
  stream: SendStream | null = null;
  rtxStream: SendStream | null = null;
  private readonly timeLine = new TimeLine();
  /** Whose media the current segment carries, and which of its time lines. */
  private source: SourceClock | null = null;
  private clockLine = 0;
  /** In catchUp: the next origin sequence to send, and when the next burst is due (us). */
  private next = 0;
  private burstAt = 0;
  private beginPending = true;
  /** The viewer's consent ended while media flowed. */
  private paused = false;

  constructor(
    private readonly context: EgressContext,
    readonly viewer: Viewer,
    readonly section: MediaSection,
    /** Random below 2^15, for the media and the RTX numbers. */
    firstIndex: number,
    public rtxIndex: number,
  ) {
    this.ssrc = section.ssrcs[0]!;
    this.rtxSsrc = section.rtxSsrcs[0] ?? 0;
    this.segments = new Segments(firstIndex);
    this.format = new TrackFormat(section);
    this.own = new OwnExtensions(context, section.extensionIds, viewer.playoutDelay);
    this.parameterSets = new ParameterSetPacket(context);
    this.history = SentHistory.of(section.kind);
  }

  get video(): boolean {
    return this.section.kind === "video";
  }

  /** Reads another ring from now on (or none). Media starts at the next place a decoder can. */
  follow(feed: Feed | null, now: number): void {
    if (this.feed !== null) {
      this.feed.detach(this);
      this.segments.retire(this.feed);
    }
    this.feed = feed;
    feed?.attach(this);
    this.resume(now);
  }

  /** The viewer can receive: start from the cached keyframe if it is fresh, else ask for one. */
  join(now: number): void {
    const feed = this.feed;
    if (feed === null || !this.video) return;
    // The publisher has left: another one's ring follows.
    if (feed.reader.closed) return;
    const keyframe = feed.joinableKeyframe(now);
    // In a storm of joins one new keyframe serves them all.
    const near = keyframe !== null && !this.segments.isBehind(feed, keyframe);
    if (
      near &&
      this.context.mayCatchUp &&
      !feed.rewinds(this.source, this.segments.current?.feed, now)
    ) {
      this.startCatchUp(keyframe, true);
    } else {
      this.requestKeyframe("join");
    }
  }

  /** Begins anew: at another ring, after this worker was lapped, or when consent came back. */
  resume(now: number): void {
    this.state = this.feed === null ? "idle" : "waiting";
    this.beginPending = true;
    if (this.viewer.connected) this.join(now);
  }

  /** The viewer's decoder needs a keyframe. Before its media runs, that is part of the join. */
  refresh(): void {
    this.totals.plis += 1;
    this.requestKeyframe(this.state === "live" ? "failure" : "join");
  }

  /**
   * Forwards the staged packets of this track's ring. False when the output is full: then once more
   * with the same batch, and what has left already does not leave twice.
   */
  forward(batch: Staging, now: number): boolean {
    if (!this.mediaAllowed(now)) return true;
    for (let i = 0; i < batch.count; i += 1) {
      if ((batch.flags[i]! & SlotFlag.discontinuity) !== 0) this.cross(batch, i);
      if (this.state === "waiting") {
        if (this.startsHere(batch, i) && !this.begin(batch, i, now)) return false;
        if (this.state === "waiting") continue;
      }
      const passed = ((batch.sequences[i]! - this.next) | 0) < 0;
      if (this.state === "catchUp" && (this.beginPending || !passed)) continue;
      if (this.state !== "idle" && !this.deliver(batch, i, now)) return false;
    }
    return true;
  }

  /**
   * Sends the next stretch between the cached keyframe and the live edge, one packet at a time
   * through the context's scratch. Returns a CatchUp.
   */
  catchUp(now: number): number {
    const feed = this.feed;
    if (feed === null || !this.mediaAllowed(now) || this.state !== "catchUp") return CatchUp.done;
    if (now < this.burstAt) return CatchUp.more;
    this.burstAt = now + CATCH_UP_INTERVAL_US;
    const { scratch } = this.context;
    for (let i = 0; i < CATCH_UP_PACKETS; i += 1) {
      if (feed.reader.distance(this.next) <= 0) {
        this.state = "live";
        return CatchUp.done;
      }
      scratch.clear();
      const result = scratch.load(feed.reader, this.next);
      if (result === ReadResult.lapped || (this.beginPending && result !== ReadResult.ok)) {
        return this.giveUpCatchUp();
      }
      if (result === ReadResult.ok) {
        if (!this.beginPending && this.leavesLine(scratch, 0)) {
          if (!this.startsHere(scratch, 0)) return this.giveUpCatchUp();
          this.beginPending = true;
        }
        if (this.beginPending && !this.begin(scratch, 0, now)) return CatchUp.outputFull;
        if (this.state !== "catchUp") return CatchUp.done;
        if (!this.deliver(scratch, 0, now)) return CatchUp.outputFull;
      }
      // A hole keeps its number; if the packet still comes, it leaves late.
      this.next = (this.next + 1) | 0;
    }
    return CatchUp.more;
  }

  /** Sends slot `i` under a new index; false when the output is full. */
  send(batch: Staging, i: number, index: number, now: number): boolean {
    const { context, feed } = this;
    this.stream ??= this.viewer.peer.sender!.stream(this.ssrc);
    // Sent already (the catch-up came before the log), or too late for the window.
    if (!this.stream.canSeal(index)) return true;
    const at = context.reserve(this.viewer.peer, batch.payloadLengths[i]!);
    if (at < 0) return false;
    const packet = context.packet;
    packet.take(batch, i);
    packet.index = index;
    packet.payloadType = this.format.payloadType;
    packet.timestamp = (batch.timestamps[i]! + this.segments.current!.timestampOffset) >>> 0;
    packet.transportSequence = this.viewer.takeTransportSequence();
    packet.padding = batch.skips(i) ? batch.fillSkip(i) : batch.paddings[i]!;
    this.own.add(packet, feed!, this.format.clockRate, batch, i, now);
    this.sendNew(at, batch.flags[i]!, batch.arrivals[i]!, now);
    return true;
  }

  /** Sends the context's packet under its new index, from the place reserved for it. */
  sendNew(at: number, flags: number, arrival: number, now: number): void {
    const { packet } = this.context;
    const { peer } = this.viewer;
    this.stream ??= peer.sender!.stream(this.ssrc);
    this.context.send(peer, this.section, this.stream, at, false);
    this.history.note(
      packet.index,
      packet.payloadType,
      packet.transportSequence,
      packet.padding,
      packet.playoutMin >= 0,
      packet.captureNtpUs,
    );
    const totals = this.totals;
    totals.packets += 1;
    totals.bytes += packet.payloadLength;
    if ((flags & SlotFlag.keyframeStart) !== 0) totals.keyframes += 1;
    this.timeLine.note(packet.timestamp, arrival);
    this.viewer.noteMedia(packet.payloadLength, now);
  }

  /** Whether an index that was reserved but never sent can be sealed still. */
  mayStillSend(index: number): boolean {
    return this.stream?.canSeal(index) === true;
  }

  /** Whether what left under `index` can be made again, byte for byte. */
  mayRepeat(index: number): boolean {
    return this.stream?.canResend(index) === true && this.history.captureNtpUs(index) >= 0;
  }

  /** Whether media of this codec flows now. */
  carries(codecId: number): boolean {
    return this.format.codecId === codecId && this.segments.current !== null;
  }

  /** RTP time of `now` on this viewer's line; null while nothing is known of it. */
  timestampAt(now: number, byReport: boolean): number | null {
    const { feed, segments } = this;
    const segment = segments.current;
    if (feed === null || segment?.feed !== feed || this.clockLine !== feed.clock.line) return null;
    const origin = feed.clock.timestampAt(now, this.format.clockRate, feed.source, byReport);
    return origin === null ? null : (origin + segment.timestampOffset) >>> 0;
  }

  /** RFC 7675: nothing without consent. When it comes back, media begins anew at a keyframe. */
  private mediaAllowed(now: number): boolean {
    const allowed = this.viewer.mediaAllowed;
    if (!allowed && (this.state === "live" || this.state === "catchUp")) {
      this.paused = true;
      this.state = "waiting";
      this.beginPending = true;
    } else if (allowed && this.paused) {
      this.paused = false;
      this.resume(now);
    }
    return allowed;
  }

  /** Slot `i` begins a new numbering of the ring: its timestamps may have jumped. */
  private cross(batch: Staging, i: number): void {
    if (this.state === "idle" || this.state === "waiting") return;
    if (this.beginPending || !this.leavesLine(batch, i)) {
      // The segment began here or behind it; the clock has heard of it only now.
      this.clockLine = this.feed!.clock.line;
      return;
    }
    // The catch-up, if it is still on its way here, comes to it by itself.
    if (this.state === "catchUp") return;
    this.state = "waiting";
    this.beginPending = true;
    if (!this.startsHere(batch, i)) this.requestKeyframe("join");
  }

  /** Whether slot `i` lies inside the segment, and begins another time line there. */
  private leavesLine(batch: Staging, i: number): boolean {
    if ((batch.flags[i]! & SlotFlag.discontinuity) === 0) return false;
    return ((batch.sequences[i]! - this.segments.current!.originStart) | 0) > 0;
  }

  /** Whether a decoder can start at slot `i`. */
  private startsHere(batch: Staging, i: number): boolean {
    if (this.video) return (batch.flags[i]! & SlotFlag.keyframeStart) !== 0;
    return !batch.skips(i);
  }

  /** Begins a segment at slot `i`; false when the output is full. */
  private begin(batch: Staging, i: number, now: number): boolean {
    const feed = this.feed!;
    const timestamp = batch.timestamps[i]!;
    const arrival = batch.arrivals[i]!;
    if (!this.format.select(batch.codecs[i]!, feed.reader.describe().fmtp)) {
      this.viewer.unsupported = true;
      this.state = "idle";
      return true;
    }
    const sameSource = this.source === feed.source;
    const offset = this.timeLine.begin(timestamp, arrival, this.format.clockRate, sameSource);
    const naked = (batch.flags[i]! & SlotFlag.needsParameterSets) !== 0;
    const line = (timestamp + offset) >>> 0;
    if (naked && !this.parameterSets.send(this, feed, line, arrival, now)) {
      this.format.forget();
      return false;
    }
    if (this.source !== null && !sameSource) this.context.count(Counter.viewersSwitched!);
    this.source = feed.source;
    this.clockLine = feed.clock.line;
    this.viewer.hurryReport(now);
    this.own.begin();
    this.segments.begin(feed, batch.sequences[i]!, offset);
    this.beginPending = false;
    // Packets behind this one that came before it were passed over: they are in the ring.
    if (this.state === "catchUp") return true;
    if (this.video && feed.overtaken(batch, i)) this.startCatchUp(batch.sequences[i]!, false);
    else this.state = "live";
    return true;
  }

  /** Sends slot `i` if it has a number here; false when the output is full. */
  private deliver(batch: Staging, i: number, now: number): boolean {
    const sequence = batch.sequences[i]!;
    if (batch.codecs[i] !== this.format.codecId && !batch.skips(i)) {
      // The publisher switched its payload type: only at a keyframe (design 4), and never back.
      if (!this.startsHere(batch, i) || this.segments.isBehind(this.feed, sequence)) return true;
      const { state } = this;
      if (!this.begin(batch, i, now)) return false;
      if (this.state !== state) return true;
    }
    const index = this.segments.indexOf(sequence);
    return index < 0 || this.send(batch, i, index, now);
  }

  private startCatchUp(sequence: number, beginPending: boolean): void {
    this.state = "catchUp";
    this.next = sequence;
    this.burstAt = 0;
    this.beginPending = beginPending;
    this.context.startCatchUp(this);
  }

  private giveUpCatchUp(): number {
    this.state = "waiting";
    this.beginPending = true;
    this.requestKeyframe("join");
    return CatchUp.done;
  }

  private requestKeyframe(why: "join" | "failure"): void {
    if (this.feed !== null) this.context.count(Counter.keyframeRequests!);
    this.feed?.reader.requestKeyframe(why);
  }
}
