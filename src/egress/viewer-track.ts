import { Counter, countUp } from "../contract/counters.ts";
import type { MediaSection } from "../contract/session.ts";
import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { CATCH_UP_PACKETS } from "../limits.ts";
import { Verdict } from "../media/svc-filter.ts";
import { SlotFlag } from "../ring/layout.ts";
import { ReadResult } from "../ring/reader.ts";
import { CatchUpPace } from "./catch-up-pace.ts";
import { type CatchingUp, CatchUp } from "./catch-up-queue.ts";
import type { EgressContext } from "./context.ts";
import { Lane } from "./lane.ts";
import { LayerStretch } from "./layer-stretch.ts";
import { LayerSwitch } from "./layer-switch.ts";
import { ParameterSetPacket } from "./parameter-set-packet.ts";
import { Segments } from "./segments.ts";
import type { Track, TrackOwner, TrackState } from "./track.ts";
import type { TrackFormat } from "./track-format.ts";
import { TrackOutput } from "./track-output.ts";
import { TrackStart } from "./track-start.ts";
import { TrackTime } from "./track-time.ts";
import type { ViewerLink } from "./viewer-link.ts";

/** One SSRC toward a viewer: numbers, timestamps and payload types of its own over rings' media. */
export class ViewerTrack implements Track, CatchingUp {
  readonly session: number;
  readonly link: ViewerLink;
  state: TrackState = "idle";
  feed: Feed | null = null;
  readonly segments: Segments<Feed, LayerStretch>;
  readonly format: TrackFormat;
  readonly output: TrackOutput;
  readonly layer: LayerSwitch;
  readonly parameterSets: ParameterSetPacket;
  readonly time: TrackTime;
  /** The next origin sequence to send; what has left by the lane since is in the ledger alone. */
  next = 0;
  private readonly pace: CatchUpPace;
  private beginPending = true;
  readonly start: TrackStart;
  readonly lane: Lane;
  /** Place in the batch to go on at, after the output was full. */
  private resumeAt = 0;

  constructor(
    private readonly context: EgressContext,
    readonly owner: TrackOwner,
    readonly section: MediaSection,
    /** Random below 2^15, for the media and the RTX numbers. */
    firstIndex: number,
    rtxIndex: number,
  ) {
    this.link = owner.link;
    this.session = owner.link.session;
    this.pace = new CatchUpPace(owner.link);
    this.segments = new Segments(firstIndex);
    this.output = new TrackOutput(context, owner.link, section, rtxIndex);
    this.format = this.output.format;
    this.layer = new LayerSwitch(this);
    this.parameterSets = new ParameterSetPacket(context);
    this.time = new TrackTime(this);
    this.start = new TrackStart(context, this, this.time, this.layer);
    this.lane = new Lane(context, this);
  }

  get video(): boolean {
    return this.section.kind === "video";
  }

  get spatialId(): number {
    return this.segments.current?.layers?.spatialId ?? -1;
  }

  get paced(): boolean {
    return this.pace.paced;
  }

  get keyframePending(): boolean {
    return this.pace.keyframePending;
  }

  follow(feed: Feed | null, now: number): void {
    this.lane.settle();
    this.layer.cancel();
    this.feed?.detach(this);
    // Another layer of the same source leaves the rings of the others where they are.
    if (feed === null || feed.source !== this.time.source) this.segments.retire();
    this.resumeAt = 0;
    this.feed = feed;
    feed?.attach(this);
    this.resume(now);
  }

  look(now: number): boolean {
    return this.start.look(now);
  }

  startAt(sequence: number, now: number): void {
    this.link.adaptation.beginCatchUp(now);
    this.startCatchUp(sequence, true, false);
  }

  leaveFor(feed: Feed, now: number): void {
    const sequence = feed.joinableKeyframe(now, true);
    if (sequence === null || feed.reader.closed || !this.link.mediaAllowed) return;
    this.follow(feed, now);
    if (this.state === "waiting") this.startAt(sequence, now);
  }

  lapped(feed: Feed, now: number): void {
    if (feed === this.feed) this.resume(now);
  }

  /** Begins anew: at another ring, after this worker was lapped, or without consent. */
  resume(now: number): void {
    this.lane.settle();
    this.state = this.feed === null ? "idle" : "waiting";
    this.beginPending = true;
    if (this.feed !== null) this.start.wait(now);
  }

  /**
   * Forwards the staged packets of one of this track's rings. False when its transport is full and
   * waited for: then once more with the same batch, and it goes on where it stopped.
   */
  forward(feed: Feed, batch: Staging, now: number): boolean {
    const passed = this.lane.forward(feed, batch, now);
    if (passed === batch.count) return true;
    // What it took before its transport was full; 0 when the batch was nothing for it.
    if (passed > 0) this.resumeAt = passed;
    this.lane.settle();
    if (!this.forwardEach(feed, batch, now)) return false;
    this.lane.look();
    return true;
  }

  private forwardEach(feed: Feed, batch: Staging, now: number): boolean {
    if (!this.mediaAllowed(now)) {
      this.resumeAt = 0;
      return true;
    }
    let i = this.resumeAt;
    if (feed !== this.feed) {
      i = this.layer.arrival(feed, batch);
      if (i < 0) return true;
      this.cutOver(feed);
    }
    for (; i < batch.count; i += 1) {
      this.resumeAt = i;
      if (!this.pass(batch, i, now) && !this.standsAside(batch.sequences[i]!)) return false;
    }
    this.resumeAt = 0;
    return true;
  }

  /** Whether nobody waits for its transport: from `sequence` on it goes by a cursor of its own, later. */
  private standsAside(sequence: number): boolean {
    if (!this.link.stalled) return false;
    const late = ((sequence - this.next) | 0) < 0;
    if (this.state === "live") this.startCatchUp(late ? sequence : this.next, false, true);
    else if (this.state === "catchUp" && late) this.next = sequence;
    return true;
  }

  /** Takes slot `i` of the track's ring; false when its transport is full. */
  private pass(batch: Staging, i: number, now: number): boolean {
    if ((batch.flags[i]! & SlotFlag.discontinuity) !== 0) this.cross(batch, i, now);
    if (this.state === "waiting") {
      if (batch.startsAt(i, this.video) && !this.begin(batch, i, now)) return false;
      if (this.state === "waiting") return true;
    }
    const passed = ((batch.sequences[i]! - this.next) | 0) < 0;
    if (this.state === "catchUp" && (this.beginPending || !passed)) return true;
    if (this.state === "idle") return true;
    // A late packet is waited for already: it leaves at once.
    if (this.state !== "live" || passed) return this.deliver(batch, i, now);
    if (this.video && !this.link.adaptation.mayLeave(now)) {
      // Not over the head of what lies between: from here on by a cursor of its own.
      this.startCatchUp(batch.sequences[i]!, false, true);
    } else if (!this.deliver(batch, i, now)) return false;
    else this.next = (batch.sequences[i]! + 1) | 0;
    return true;
  }

  /**
   * Sends the next stretch between the cached keyframe, or the packet that was held back, and the
   * live edge, one packet at a time through the context's scratch. Returns a CatchUp.
   */
  catchUp(now: number): number {
    const { feed, pace } = this;
    this.lane.settle();
    this.context.queues.serving = this.session;
    if (feed === null || !this.mediaAllowed(now) || this.state !== "catchUp") return CatchUp.done;
    if (this.link.stalled) return pace.stop(now);
    if (this.start.beginsAnew(this.next, pace, now)) return this.giveUpCatchUp(now);
    if (!pace.takesTurn(now)) return CatchUp.waits;
    const { scratch } = this.context;
    for (let i = 0; i < CATCH_UP_PACKETS; i += 1) {
      const stopped = i === 0 ? CatchUp.waits : CatchUp.more;
      if (feed.isEdge(this.next)) {
        this.state = "live";
        return CatchUp.done;
      }
      if (!pace.mayFollow(now)) return stopped;
      scratch.clear();
      const result = scratch.load(feed.reader, this.next);
      if (result === ReadResult.lapped || (this.beginPending && result !== ReadResult.ok)) {
        return this.giveUpCatchUp(now);
      }
      if (result === ReadResult.ok) {
        if (this.start.lags(scratch.receipts[0]!, pace, now)) return this.giveUpCatchUp(now);
        if (feed.mayHoldBack(scratch)) return stopped;
        if (!this.beginPending && this.leavesLine(scratch, 0)) {
          if (!scratch.startsAt(0, this.video)) return this.giveUpCatchUp(now);
          this.beginPending = true;
        }
        if (this.beginPending && !this.begin(scratch, 0, now)) return pace.stop(now);
        // What stands behind its first picture waits while others wait for theirs.
        const behind = pace.endsPicture(scratch.timestamps[0]!, now);
        if (behind && this.context.queues.catchingUp.keyframes > 1) return CatchUp.more;
        if (this.state !== "catchUp") return CatchUp.done;
        if (!this.deliver(scratch, 0, now)) return pace.stop(now);
      }
      // A hole keeps its number; if the packet still comes, it leaves late.
      this.next = (this.next + 1) | 0;
    }
    return CatchUp.more;
  }

  /** Sends slot `i` if it is for this viewer; false when its transport is full. */
  deliver(batch: Staging, i: number, now: number): boolean {
    const sequence = batch.sequences[i]!;
    if (batch.codecs[i] !== this.format.codecId && !batch.skips(i)) {
      // The publisher switched its payload type: only at a keyframe (design 4), and never back.
      if (!batch.startsAt(i, this.video) || this.segments.isBehind(this.feed, sequence))
        return true;
      const { state } = this;
      if (!this.begin(batch, i, now)) return false;
      if (this.state !== state) return true;
    }
    const at = this.context.reserve(this.link.peer, batch.payloadLengths[i]!);
    if (at < 0) return false;
    const segment = this.segments.current!;
    const { layers } = segment;
    const before = ((sequence - segment.originStart) | 0) < 0;
    const verdict = layers === null || before ? Verdict.forward : layers.decide(batch, i);
    if (before || verdict === Verdict.drop) return true;
    const index =
      layers === null ? this.segments.indexOf(sequence) : this.segments.indexAt(layers.place);
    // Sent already (the catch-up came before the log), or too late for the window.
    if (!this.output.maySend(index)) return true;
    if (verdict === Verdict.forward) this.output.send(batch, i, index, at, segment, now);
    else this.output.sendFill(batch, i, index, at, segment, now);
    return true;
  }

  /** RFC 7675: nothing without consent. When it comes back, media begins anew at a keyframe. */
  private mediaAllowed(now: number): boolean {
    const allowed = this.link.mediaAllowed;
    if (!allowed && (this.state === "live" || this.state === "catchUp")) this.resume(now);
    return allowed;
  }

  /** A keyframe of another layer begins: from here on that ring alone. */
  private cutOver(feed: Feed): void {
    this.feed?.detach(this);
    this.feed = feed;
    this.state = "waiting";
    this.beginPending = true;
    this.resumeAt = 0;
  }

  /** Slot `i` begins a new numbering of the ring: its timestamps may have jumped. */
  private cross(batch: Staging, i: number, now: number): void {
    if (this.state === "idle" || this.state === "waiting") return;
    if (this.beginPending || !this.leavesLine(batch, i)) {
      // The segment began here or behind it; the clock has heard of it only now.
      this.time.catchUpWith(this.feed!);
      return;
    }
    // The catch-up, if it is still on its way here, comes to it by itself.
    if (this.state === "catchUp") return;
    if (batch.startsAt(i, this.video)) {
      this.state = "waiting";
      this.beginPending = true;
    } else this.resume(now);
  }

  /** Whether slot `i` lies inside the segment, and begins another time line there. */
  private leavesLine(batch: Staging, i: number): boolean {
    if ((batch.flags[i]! & SlotFlag.discontinuity) === 0) return false;
    return ((batch.sequences[i]! - this.segments.current!.originStart) | 0) > 0;
  }

  /** Begins a segment at slot `i`; false when its transport is full. */
  private begin(batch: Staging, i: number, now: number): boolean {
    const feed = this.feed!;
    const timestamp = batch.timestamps[i]!;
    const arrival = batch.arrivals[i]!;
    if (!this.format.select(batch.codecs[i]!, feed.reader.describe().fmtp)) {
      this.link.unsupported = true;
      this.state = "idle";
      return true;
    }
    const { time } = this;
    const fromCache = this.state === "catchUp";
    const { offset, rewound } = time.of(feed, timestamp, arrival, now, fromCache);
    const first = rewound === null ? (timestamp + offset) >>> 0 : rewound.last + 1;
    const naked = (batch.flags[i]! & SlotFlag.needsParameterSets) !== 0;
    if (naked && !this.parameterSets.send(this, feed, first >>> 0, arrival, now)) {
      this.format.forget();
      return false;
    }
    if (time.source !== null && time.source !== feed.source) {
      countUp(this.context.counters, Counter.viewersSwitched!);
    }
    time.begin(feed);
    this.owner.hurryReport(now);
    this.output.own.begin();
    const before = this.segments.current?.layers ?? null;
    const layered = this.video && LayerStretch.serves(batch, i);
    const layers = layered ? new LayerStretch(feed.reader, batch, i, before) : null;
    if (this.output.frameOpen) this.segments.leaveGap(feed);
    this.segments.begin(feed, batch.sequences[i]!, offset, layers, rewound);
    this.layer.begin(layers);
    this.start.begun();
    this.beginPending = false;
    this.pace.pictureTimestamp = timestamp;
    // Packets behind this one that came before it were passed over: they are in the ring.
    if (this.state === "catchUp") return true;
    this.next = batch.sequences[i]!;
    if (this.video && feed.overtaken(batch, i)) this.startCatchUp(this.next, false, false);
    else this.state = "live";
    return true;
  }

  private startCatchUp(sequence: number, beginPending: boolean, paced: boolean): void {
    this.state = "catchUp";
    this.next = sequence;
    this.pace.begin(paced);
    this.beginPending = beginPending;
    this.context.queues.catchingUp.add(this);
  }

  private giveUpCatchUp(now: number): number {
    this.resume(now);
    return this.state === "catchUp" ? CatchUp.more : CatchUp.done;
  }
}
