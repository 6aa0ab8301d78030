/** libwebrtc BitrateEstimator: half a second for the first value, 150 ms for the others. */
const FIRST_WINDOW_US = 500_000;
const WINDOW_US = 150_000;
/** A silence of the sender longer than this says nothing of the path; the sum begins anew. */
const SILENCE_US = 1_000_000;
/** Uncertainty of a sample that differs from the estimate by the estimate itself, in kb/s. */
const UNCERTAINTY = 10;
/** The same while we send less than the path takes: samples follow the content, not the path. */
const UNCERTAINTY_LIMITED = 20;
/** What the variance grows by from one sample to the next, (kb/s)^2. */
const PROCESS_VARIANCE = 5;
const START_VARIANCE = 50;
/** Buckets of the unfiltered rate: the last three full ones and the one that fills. */
const BUCKET_US = 50_000;
const BUCKETS = 4;

/**
 * The rate at which the viewer receives, from arrival times in feedback: libwebrtc's Bayesian
 * filter over windows of 150 ms. A sample far off the estimate counts less, unless it persists.
 */
export class AcknowledgedRate {
  /** Bits a second; 0 before the first window is full. */
  bitsPerSecond = 0;
  private variance = START_VARIANCE;
  private sumBytes = 0;
  private windowUs = 0;
  private lastArrival = Number.NEGATIVE_INFINITY;
  private readonly buckets = new Float64Array(BUCKETS);
  private bucket = 0;

  /**
   * Bits a second over the last 150 to 200 ms, unfiltered. During over-use the path is saturated,
   * so this is its capacity, also when the filter has not caught up with a fall or a keyframe.
   */
  get recent(): number {
    if (this.bitsPerSecond === 0) return 0;
    let bytes = 0;
    for (let i = 0; i < BUCKETS; i += 1) bytes += this.buckets[i]!;
    const partial = this.lastArrival - this.bucket * BUCKET_US;
    return (bytes * 8e6) / ((BUCKETS - 1) * BUCKET_US + partial);
  }

  /**
   * One received packet; arrivals may be out of order by a little. `limited`: the application and
   * not the path decides the rate.
   */
  add(arrivalUs: number, bytes: number, limited: boolean): void {
    const elapsed = arrivalUs - this.lastArrival;
    if (elapsed > 0) {
      this.lastArrival = arrivalUs;
      this.advance(arrivalUs);
      if (elapsed > SILENCE_US) this.begin();
      else this.windowUs += elapsed;
    }
    const window = this.bitsPerSecond === 0 ? FIRST_WINDOW_US : WINDOW_US;
    if (this.windowUs >= window) {
      this.update((this.sumBytes * 8e6) / this.windowUs, limited);
      this.begin();
    }
    this.sumBytes += bytes;
    const at = this.bucket % BUCKETS;
    this.buckets[at] = this.buckets[at]! + bytes;
  }

  private advance(arrivalUs: number): void {
    const bucket = Math.floor(arrivalUs / BUCKET_US);
    if (bucket - this.bucket >= BUCKETS) this.buckets.fill(0);
    else {
      for (let next = this.bucket + 1; next <= bucket; next += 1) this.buckets[next % BUCKETS] = 0;
    }
    this.bucket = bucket;
  }

  private begin(): void {
    this.sumBytes = 0;
    this.windowUs = 0;
  }

  private update(sample: number, limited: boolean): void {
    if (this.bitsPerSecond === 0) {
      this.bitsPerSecond = sample;
      return;
    }
    const estimate = this.bitsPerSecond;
    // Falling below the estimate is what congestion does: believed at once also when limited.
    const scale = limited && sample < estimate ? UNCERTAINTY_LIMITED : UNCERTAINTY;
    // Divided by the larger: libwebrtc divides by the estimate, and then follows a switch from a
    // low layer to a high one only after seconds.
    const uncertainty = (scale * Math.abs(estimate - sample)) / Math.max(estimate, sample);
    const sampleVariance = uncertainty * uncertainty;
    const predicted = this.variance + PROCESS_VARIANCE;
    this.bitsPerSecond =
      (sampleVariance * estimate + predicted * sample) / (sampleVariance + predicted);
    this.variance = (sampleVariance * predicted) / (sampleVariance + predicted);
  }
}
