import { Trendline } from "./trendline.ts";

/** draft-ietf-rmcat-gcc-02 5.2 "pre-filtering": packets sent within 5 ms are one group. */
const GROUP_US = 5_000;
/** libwebrtc InterArrival: what arrives so close after the group, faster than it was sent, came
 * out of one queue at once (Wi-Fi aggregation) and is the same group ... */
const BURST_GAP_US = 5_000;
/** ... up to this length. */
const BURST_US = 100_000;
/** A longer silence, or an arrival clock that went back, begins anew. */
const GAP_MAX_US = 3_000_000;
/** The least one-way delay of the last 5 to 10 s counts as the path without our queue. So a queue
 * that others keep full is taken as the path's own after 10 s, and clocks may drift. */
const BASE_BUCKET_US = 5_000_000;

/**
 * One-way delay variation of groups of packets (draft-ietf-rmcat-gcc-02 5.1), fed packet by packet
 * in the order of sending, and the queueing delay above the least seen.
 */
export class DelayGradient {
  readonly trendline = new Trendline();
  /** Least delay of the newest feedback above the base: the queue that we find, us. */
  queueUs = 0;
  private started = false;
  private firstSent = 0;
  private lastSent = 0;
  private firstArrival = 0;
  private lastArrival = 0;
  private hasPrevious = false;
  private previousSent = 0;
  private previousArrival = 0;
  private leastDelay = Number.POSITIVE_INFINITY;
  private baseNow = Number.POSITIVE_INFINITY;
  private baseBefore = Number.POSITIVE_INFINITY;
  private bucketEnd = 0;

  /** A received packet: when it was sent and when it arrived, each in us on a clock of its own. */
  add(sentUs: number, arrivalUs: number): void {
    const delay = arrivalUs - sentUs;
    if (delay < this.leastDelay) this.leastDelay = delay;
    if (!this.started) {
      this.begin(sentUs, arrivalUs);
      return;
    }
    if (sentUs < this.firstSent) return;
    if (this.belongs(sentUs, arrivalUs)) {
      if (sentUs > this.lastSent) this.lastSent = sentUs;
      if (arrivalUs > this.lastArrival) this.lastArrival = arrivalUs;
      return;
    }
    this.finishGroup();
    this.begin(sentUs, arrivalUs);
  }

  /** All packets of a feedback have been added: updates `queueUs`. */
  finish(now: number): void {
    if (this.leastDelay === Number.POSITIVE_INFINITY) return;
    if (now >= this.bucketEnd) {
      this.baseBefore = this.baseNow;
      this.baseNow = this.leastDelay;
      this.bucketEnd = now + BASE_BUCKET_US;
    } else if (this.leastDelay < this.baseNow) {
      this.baseNow = this.leastDelay;
    }
    this.queueUs = this.leastDelay - Math.min(this.baseNow, this.baseBefore);
    this.leastDelay = Number.POSITIVE_INFINITY;
  }

  private belongs(sentUs: number, arrivalUs: number): boolean {
    if (sentUs - this.firstSent <= GROUP_US) return true;
    const sentAfter = sentUs - this.lastSent;
    const arrivedAfter = arrivalUs - this.lastArrival;
    return (
      arrivedAfter <= BURST_GAP_US &&
      arrivedAfter < sentAfter &&
      arrivalUs - this.firstArrival < BURST_US
    );
  }

  private begin(sentUs: number, arrivalUs: number): void {
    this.started = true;
    this.firstSent = sentUs;
    this.lastSent = sentUs;
    this.firstArrival = arrivalUs;
    this.lastArrival = arrivalUs;
  }

  private finishGroup(): void {
    const sentDelta = this.lastSent - this.previousSent;
    const arrivalDelta = this.lastArrival - this.previousArrival;
    if (this.hasPrevious) {
      if (sentDelta > GAP_MAX_US || Math.abs(arrivalDelta) > GAP_MAX_US) this.trendline.reset();
      // 5.1: d(i) = (t(i) - t(i-1)) - (T(i) - T(i-1))
      else this.trendline.update(sentDelta, arrivalDelta, this.lastArrival);
    }
    this.hasPrevious = true;
    this.previousSent = this.lastSent;
    this.previousArrival = this.lastArrival;
  }
}
