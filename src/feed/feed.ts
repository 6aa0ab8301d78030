import type { RingGrant } from "../contract/source.ts";
import { JOIN_BYTES_MAX, JOIN_KEYFRAME_AGE_MAX_US, RING_MARGIN } from "../limits.ts";
import { SlotFlag } from "../ring/layout.ts";
import type { RingKeyframe } from "../ring/reader.ts";
import { RingReader } from "../ring/reader.ts";
import { Holding } from "./holding.ts";
import { Recent } from "./recent.ts";
import { type SourceClock, TrackClock } from "./source-clock.ts";
import type { Staging } from "./staging.ts";

/** Viewers change layers at a keyframe not older than this, so that their time line goes on. */
const SWITCH_KEYFRAME_AGE_US = 100_000;

/** A ring that has had nothing for so long is silent: a viewer sees the picture stand. */
export const SILENCE_US = 250_000;

/** Of so many subscribers a few packets are much to send: this worker is to hear of each. */
const SUBSCRIBERS_MANY = 32;

/** One at a time in a thread. */
const keyframe: RingKeyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };

/** Whom a feed feeds. */
export interface Subscriber {
  /** Whose it is. */
  readonly session: number;
  /** Highest spatial layer that it is sent now; -1 before its first picture, or without layers. */
  readonly spatialId: number;
  /** Takes staged packets. False when its output is full: then once more with the same batch. */
  forward(feed: Feed, batch: Staging, now: number): boolean;
  /** The writer has overtaken this worker: packets are missing. */
  lapped(feed: Feed, now: number): void;
}

/** One ring as this worker reads it, and those whom it feeds. */
export class Feed {
  readonly reader: RingReader;
  readonly index: number;
  readonly clock = new TrackClock();
  readonly recent = new Recent();
  readonly subscribers: Subscriber[] = [];
  /** What has come and is not taken. */
  readonly holding: Holding;
  /** The sound that goes with these pictures: what waits of it is served when they are. */
  rider: Feed | null = null;
  /** The next of them to serve in the present pass, which may pause between chunks. */
  cursor = 0;
  /** The publisher sends abs-capture-time itself: it is forwarded, and we add none. */
  bringsCaptureTime = false;
  /** When the packet came that ended the last silence, us. */
  flowsSince = 0;
  private receipt = 0;
  /** The packet that was held back from the last batch. */
  private held: number | null = null;
  /** Highest origin sequence in the batches before the present one, and with it. */
  private started = false;
  private highestBefore = 0;
  private highest = 0;

  constructor(
    grant: RingGrant,
    reader: number,
    /** The clock of the whole epoch. */
    readonly source: SourceClock,
    /** Wakes the writer of a ring in which a new wish stands. */
    wish: (ring: RingGrant) => void,
    readonly audio: boolean,
  ) {
    this.index = grant.index;
    this.reader = new RingReader(grant.buffer, reader, () => wish(grant));
    this.holding = new Holding(this.reader, this.subscribers, audio);
  }

  /** The ring is wanted (and its writer wakes this thread) while it has subscribers. */
  attach(subscriber: Subscriber): void {
    if (this.subscribers.length === 0) {
      this.reader.want(true);
      this.reader.skip();
      this.holding.skip();
      this.started = !this.reader.empty;
      this.highest = (this.reader.head - 1) | 0;
      this.highestBefore = this.highest;
      this.held = null;
    }
    this.subscribers.push(subscriber);
    if (!this.audio && this.subscribers.length === SUBSCRIBERS_MANY) this.reader.want(true, true);
  }

  detach(subscriber: Subscriber): void {
    const at = this.subscribers.indexOf(subscriber);
    if (at < 0) return;
    this.subscribers.splice(at, 1);
    if (at < this.cursor) this.cursor -= 1;
    const left = this.subscribers.length;
    if (left === 0) this.reader.want(false);
    else if (left === SUBSCRIBERS_MANY - 1) this.reader.want(true);
  }

  /**
   * Where a join may begin at once (design 4): the newest keyframe, if it is near enough, or if there
   * is no hope for a nearer one: the publisher ignores PLI, or, `askedInVain`, has not answered the
   * last one so far. What comes behind an old keyframe must not be old, too.
   */
  joinableKeyframe(now: number, askedInVain = false): number | null {
    const { reader } = this;
    if (!reader.newestKeyframe(keyframe) || !this.outruns(keyframe.sequence)) return null;
    if (reader.publisherIgnoresPli) return keyframe.sequence;
    const fresh = now - keyframe.arrivalUs <= JOIN_KEYFRAME_AGE_MAX_US;
    const near = fresh && keyframe.bytesSince <= JOIN_BYTES_MAX;
    const flows = now - reader.lastArrivalUs <= JOIN_KEYFRAME_AGE_MAX_US;
    return near || (askedInVain && flows) ? keyframe.sequence : null;
  }

  /**
   * Whether a viewer that saw another layer of this source last would see old pictures again here,
   * which would push its time line ahead.
   */
  rewinds(source: SourceClock | null, feed: Feed | null | undefined, now: number): boolean {
    if (source !== this.source || feed === this) return false;
    const { reader } = this;
    if (!reader.newestKeyframe(keyframe)) return true;
    // From another node all layers come late, and none rewinds another by that.
    const late = reader.lastReceiptUs - reader.lastArrivalUs;
    return now - late - keyframe.arrivalUs > SWITCH_KEYFRAME_AGE_US;
  }

  /** The writer goes on while a viewer catches up: an eighth of the ring must lie between them. */
  private outruns(keyframe: number): boolean {
    const { slots } = this.reader;
    return slots - RING_MARGIN - this.reader.distance(keyframe) >= slots >> 3;
  }

  /** Takes the arrivals of the next batch, as RingReader.takeArrivals gives them. */
  take(out: Int32Array, max: number, now: number): number {
    this.highestBefore = this.highest;
    this.held = null;
    this.holding.taken(now);
    return this.reader.takeArrivals(out, max);
  }

  /**
   * Takes the last packet out of a batch again when nothing has come behind it yet, and it ends a
   * frame but no picture: only what comes next says whether it ends the picture of viewers who are
   * sent more.
   */
  holdBack(batch: Staging): boolean {
    const last = batch.count - 1;
    const sequence = batch.sequences[last]!;
    if (!batch.isOpen(last) || this.reader.distance(sequence) > 1) return false;
    if (!this.holding.reachesAbove(batch.spatialId(last))) return false;
    batch.unload();
    this.reader.putBack();
    this.holding.putBack(sequence);
    this.held = sequence;
    return true;
  }

  /** Whether everything before a sequence has been staged, and nothing from it on. */
  isEdge(sequence: number): boolean {
    return this.reader.distance(sequence) <= 0 || this.held === sequence;
  }

  /** Whether the packet just read may be held back when it is staged. */
  mayHoldBack(batch: Staging): boolean {
    return batch.isOpen(0) && this.reader.backlog > 0;
  }

  /** Takes notice of a staged packet. */
  note(batch: Staging, i: number): void {
    const sequence = batch.sequences[i]!;
    const arrival = batch.arrivals[i]!;
    const receipt = batch.receipts[i]!;
    if (receipt - this.receipt > SILENCE_US) this.flowsSince = receipt;
    this.receipt = receipt;
    if (!this.started || ((sequence - this.highest) | 0) > 0) this.highest = sequence;
    if (!this.started) this.highestBefore = (sequence - 1) | 0;
    this.started = true;
    if ((batch.flags[i]! & SlotFlag.discontinuity) !== 0) this.clock.restart(arrival);
    this.clock.notePacket(batch.timestamps[i]!, arrival, this.reader.clockRate);
    if (batch.extensionLengths[i] === 0) return;
    const captureNtpUs = batch.captureNtpUs(i);
    if (captureNtpUs === 0) return;
    this.bringsCaptureTime = true;
    this.clock.noteCapture(batch.timestamps[i]!, captureNtpUs);
  }

  /** Whether a packet that belongs behind packet `i` came before it. */
  overtaken(batch: Staging, i: number): boolean {
    const sequence = batch.sequences[i]!;
    if (((this.highestBefore - sequence) | 0) > 0) return true;
    for (let before = 0; before < i; before += 1) {
      if (((batch.sequences[before]! - sequence) | 0) > 0) return true;
    }
    return false;
  }

  /** The worker no longer reads this ring. */
  release(): void {
    this.reader.want(false);
  }
}
