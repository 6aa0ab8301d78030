export const DelayState = { normal: 0, overuse: 1, underuse: 2 } as const;
export type DelayState = (typeof DelayState)[keyof typeof DelayState];

/** libwebrtc TrendlineEstimator: groups in the regression, weight of the past, gain of the slope. */
const WINDOW = 20;
const SMOOTHING = 0.9;
const GAIN = 4;
const DELTAS_MAX = 60;
/** draft-ietf-rmcat-gcc-02 5.4: del_var_th(0) = 12.5 ms, K_u, K_d, and its bounds of 6 to 600 ms. */
const THRESHOLD_START = 12.5;
const THRESHOLD_MIN = 6;
const THRESHOLD_MAX = 600;
const K_UP = 0.0087;
const K_DOWN = 0.039;
/** 5.4: no adaptation to a value this far above the threshold (a sudden drop of capacity). */
const ADAPT_OFFSET_MS = 15;
const ADAPT_INTERVAL_MAX_MS = 100;
/** 5.4 overuse_time_th: that long above the threshold, and twice at least. */
const OVERUSE_MS = 10;

/**
 * Slope of the queueing delay over the last 20 groups (libwebrtc's successor of the arrival-time
 * filter, draft-ietf-rmcat-gcc-02 5.3) and the over-use detector with its adaptive threshold (5.4;
 * De Cicco, Carlucci, Mascolo: "Understanding the dynamic behaviour of the Google congestion
 * control for RTCWeb", 2013).
 */
export class Trendline {
  state: DelayState = DelayState.normal;
  /** (send rate - capacity) / capacity, about. */
  slope = 0;
  private readonly timesMs = new Float64Array(WINDOW);
  private readonly delaysMs = new Float64Array(WINDOW);
  private filled = 0;
  private at = 0;
  private deltas = 0;
  private firstArrival = 0;
  private accumulatedMs = 0;
  private smoothedMs = 0;
  private previousSlope = 0;
  private threshold = THRESHOLD_START;
  private thresholdAt = -1;
  private overMs = -1;
  private overCount = 0;

  reset(): void {
    this.filled = 0;
    this.at = 0;
    this.deltas = 0;
    this.accumulatedMs = 0;
    this.smoothedMs = 0;
    this.slope = 0;
    this.previousSlope = 0;
    this.overMs = -1;
    this.overCount = 0;
    this.state = DelayState.normal;
  }

  /** One group: time since the group before when sent and when received, us. */
  update(sentDeltaUs: number, arrivalDeltaUs: number, arrivalUs: number): void {
    if (this.deltas === 0) this.firstArrival = arrivalUs;
    if (this.deltas < DELTAS_MAX) this.deltas += 1;
    const timeMs = (arrivalUs - this.firstArrival) / 1000;
    this.accumulatedMs += (arrivalDeltaUs - sentDeltaUs) / 1000;
    this.smoothedMs += (1 - SMOOTHING) * (this.accumulatedMs - this.smoothedMs);
    this.timesMs[this.at] = timeMs;
    this.delaysMs[this.at] = this.smoothedMs;
    this.at = this.at + 1 === WINDOW ? 0 : this.at + 1;
    if (this.filled < WINDOW) this.filled += 1;
    if (this.filled === WINDOW) this.fit();
    this.detect(sentDeltaUs / 1000, timeMs);
  }

  /** Least squares of delay over arrival time. */
  private fit(): void {
    const { timesMs, delaysMs } = this;
    let meanTime = 0;
    let meanDelay = 0;
    for (let i = 0; i < WINDOW; i += 1) {
      meanTime += timesMs[i]!;
      meanDelay += delaysMs[i]!;
    }
    meanTime /= WINDOW;
    meanDelay /= WINDOW;
    let numerator = 0;
    let denominator = 0;
    for (let i = 0; i < WINDOW; i += 1) {
      const offset = timesMs[i]! - meanTime;
      numerator += offset * (delaysMs[i]! - meanDelay);
      denominator += offset * offset;
    }
    if (denominator > 0) this.slope = numerator / denominator;
  }

  private detect(sentDeltaMs: number, timeMs: number): void {
    if (this.deltas < 2) return;
    const trend = this.deltas * this.slope * GAIN;
    if (trend > this.threshold) {
      this.overMs = this.overMs < 0 ? sentDeltaMs / 2 : this.overMs + sentDeltaMs;
      this.overCount += 1;
      if (this.overMs > OVERUSE_MS && this.overCount > 1 && this.slope >= this.previousSlope) {
        this.overMs = 0;
        this.overCount = 0;
        this.state = DelayState.overuse;
      }
    } else {
      this.overMs = -1;
      this.overCount = 0;
      this.state = trend < -this.threshold ? DelayState.underuse : DelayState.normal;
    }
    this.previousSlope = this.slope;
    this.adapt(Math.abs(trend), timeMs);
  }

  /** 5.4: del_var_th(i) = del_var_th(i-1) + (t(i) - t(i-1)) * K(i) * (|m(i)| - del_var_th(i-1)) */
  private adapt(trend: number, timeMs: number): void {
    const elapsed = this.thresholdAt < 0 ? 0 : timeMs - this.thresholdAt;
    this.thresholdAt = timeMs;
    if (trend > this.threshold + ADAPT_OFFSET_MS) return;
    const gain = trend < this.threshold ? K_DOWN : K_UP;
    const bounded = Math.max(0, Math.min(elapsed, ADAPT_INTERVAL_MAX_MS));
    const next = this.threshold + gain * (trend - this.threshold) * bounded;
    this.threshold = Math.min(THRESHOLD_MAX, Math.max(THRESHOLD_MIN, next));
  }
}
