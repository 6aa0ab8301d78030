import { DelayState } from "./trendline.ts";

/** draft-ietf-rmcat-gcc-02 5.5: beta. */
const BACKOFF = 0.85;
/** 5.5: eta, growth a second far from the maximum. */
const GROWTH_PER_SECOND = 1.08;
const GROWTH_INTERVAL_MAX_US = 1_000_000;
/** The draft allows 1.5 x the received rate. A layered source sends far less than the path takes
 * for minutes, so growth without evidence would be a guess: probes raise the estimate instead. */
const HEADROOM = 1.25;
const HEADROOM_BITS = 10_000;
/** 5.5: smoothing of the maximum seen at decreases, and bounds of its normalised variance, which
 * libwebrtc keeps between 14 and 35 kb/s at 500 kb/s. */
const MAXIMUM_GAIN = 0.05;
const VARIANCE_START = 0.4;
const VARIANCE_MIN = 0.4;
const VARIANCE_MAX = 2.5;
const DEVIATIONS = 3;
/** 5.5 additive increase: half a packet a response time, at least 4 kb/s a second. */
const INCREASE_MIN = 4000;
const FRAMES_PER_SECOND = 30;
const PACKET_BITS = 1200 * 8;
/** The over-use detector takes about so long. */
const DETECTOR_US = 100_000;
/** libwebrtc TimeToReduceFurther: once a round trip, of 10 to 200 ms. */
const REDUCE_MIN_US = 10_000;
const REDUCE_MAX_US = 200_000;
/** With a queue below this the rate that arrives is rate that the path takes. */
const QUEUE_EMPTY_US = 20_000;
const QUEUE_EMPTY_FOR_US = 300_000;
/** Over-use with less of a queue than this, or for a moment only, is a burst (a keyframe, an
 * aggregate of Wi-Fi) and no congestion ... */
const QUEUE_CONGESTED_US = 20_000;
const CONGESTED_FOR_US = 150_000;
/** ... unless the queue is as long as this. */
const QUEUE_LONG_US = 80_000;

/**
 * Delay-based rate (draft-ietf-rmcat-gcc-02 5.5): multiplicative growth until the first decrease,
 * additive growth near the maximum that decreases have shown, 0.85 x the acknowledged rate at
 * over-use.
 */
export class RateControl {
  /** Times the rate was cut. */
  decreases = 0;
  private increasing = true;
  /** Infinity before the first feedback, from which growth is counted. */
  private changedAt = Number.POSITIVE_INFINITY;
  private reducedAt = Number.NEGATIVE_INFINITY;
  private emptySince = Number.POSITIVE_INFINITY;
  private congestedSince = Number.POSITIVE_INFINITY;
  /** kb/s; negative: unknown. */
  private maximum = -1;
  private variance = VARIANCE_START;

  constructor(
    /** Bits a second. */
    public bitrate: number,
    private readonly min: number,
    private readonly max: number,
  ) {}

  /**
   * One feedback: the detector's state, the queue found and the rate that
   * arrives, filtered and of the last moment (0: unknown).
   */
  update(
    now: number,
    state: DelayState,
    queueUs: number,
    acknowledged: number,
    recent: number,
    rttUs: number,
  ): void {
    if (queueUs < QUEUE_CONGESTED_US) this.congestedSince = Number.POSITIVE_INFINITY;
    else if (this.congestedSince === Number.POSITIVE_INFINITY) this.congestedSince = now;
    if (state === DelayState.overuse) {
      this.increasing = false;
      this.emptySince = Number.POSITIVE_INFINITY;
      if (this.congested(now, queueUs)) this.decrease(now, recent, rttUs);
      return;
    }
    this.trackEmptyQueue(now, queueUs);
    if (state === DelayState.underuse) {
      // 5.5: hold until the queues are empty.
      this.increasing = false;
      return;
    }
    if (!this.increasing) {
      this.increasing = true;
      this.changedAt = now;
    }
    this.increase(now, acknowledged, rttUs);
  }

  /** A rate that a probe has shown. */
  setProbed(now: number, bitrate: number): void {
    this.bitrate = this.clamp(bitrate);
    this.changedAt = now;
    // What was known of the maximum is outdated when the probe is clearly above it.
    if (this.maximum >= 0 && bitrate / 1000 > this.maximum + this.spread()) this.maximum = -1;
  }

  /** No feedback: the path is dead or drowning. */
  halve(now: number): void {
    this.bitrate = this.clamp(this.bitrate / 2);
    this.changedAt = now;
    this.decreases += 1;
  }

  private congested(now: number, queueUs: number): boolean {
    return queueUs >= QUEUE_LONG_US || now - this.congestedSince >= CONGESTED_FOR_US;
  }

  private trackEmptyQueue(now: number, queueUs: number): void {
    if (queueUs > QUEUE_EMPTY_US) this.emptySince = Number.POSITIVE_INFINITY;
    else if (this.emptySince === Number.POSITIVE_INFINITY) this.emptySince = now;
  }

  private increase(now: number, acknowledged: number, rttUs: number): void {
    const elapsed = Math.max(0, Math.min(now - this.changedAt, GROWTH_INTERVAL_MAX_US));
    this.changedAt = now;
    if (acknowledged === 0) return;
    // 5.5: above the known maximum by three deviations the maximum is unknown again.
    if (this.maximum >= 0 && acknowledged / 1000 > this.maximum + this.spread()) this.maximum = -1;
    let next = this.bitrate;
    if (this.maximum >= 0) next += (this.additivePerSecond(rttUs) * elapsed) / 1e6;
    else next += Math.max(1000, next * (GROWTH_PER_SECOND ** (elapsed / 1e6) - 1));
    const ceiling = acknowledged * HEADROOM + HEADROOM_BITS;
    if (next > ceiling) next = Math.max(this.bitrate, ceiling);
    // An empty queue for a while proves what arrives to be sustainable: spurious over-use (a burst
    // of somebody else's) would otherwise take seconds of additive growth to forget.
    if (now - this.emptySince >= QUEUE_EMPTY_FOR_US) next = Math.max(next, acknowledged);
    this.bitrate = this.clamp(next);
  }

  private decrease(now: number, acknowledged: number, rttUs: number): void {
    const interval = Math.max(REDUCE_MIN_US, Math.min(rttUs, REDUCE_MAX_US));
    const due = now - this.reducedAt >= interval;
    if (!due && !(acknowledged > 0 && acknowledged < this.bitrate / 2)) return;
    const received = acknowledged === 0 ? this.bitrate : acknowledged;
    let next = received * BACKOFF;
    if (next > this.bitrate && this.maximum >= 0) next = this.maximum * 1000 * BACKOFF;
    next = Math.min(next, this.bitrate);
    if (this.maximum >= 0 && received / 1000 < this.maximum - this.spread()) this.maximum = -1;
    this.learnMaximum(received / 1000);
    this.bitrate = this.clamp(next);
    this.changedAt = now;
    this.reducedAt = now;
    this.decreases += 1;
  }

  /** 5.5: exponential moving average and variance of the rate at decreases. */
  private learnMaximum(kbps: number): void {
    if (this.maximum < 0) this.maximum = kbps;
    else this.maximum += MAXIMUM_GAIN * (kbps - this.maximum);
    const error = this.maximum - kbps;
    const sample = (error * error) / Math.max(this.maximum, 1);
    const next = this.variance + MAXIMUM_GAIN * (sample - this.variance);
    this.variance = Math.min(VARIANCE_MAX, Math.max(VARIANCE_MIN, next));
  }

  private spread(): number {
    return DEVIATIONS * Math.sqrt(this.variance * this.maximum);
  }

  /** 5.5: half an average packet a response time (libwebrtc: twice the round trip + 100 ms). */
  private additivePerSecond(rttUs: number): number {
    const frameBits = this.bitrate / FRAMES_PER_SECOND;
    const packetBits = frameBits / Math.ceil(frameBits / PACKET_BITS);
    return Math.max(INCREASE_MIN, (packetBits * 1e6) / (2 * (rttUs + DETECTOR_US)));
  }

  private clamp(bitrate: number): number {
    return Math.min(this.max, Math.max(this.min, bitrate));
  }
}
