/**
 * Distributions of fixed size: buckets that widen by 1/64 octave steps, so that any percentile is
 * exact within 1.1 % from 1 us to 2^36 us (19 hours), whatever the number of samples.
 */
const STEPS = 64;
const OCTAVES = 36;
const BUCKETS = STEPS * OCTAVES;

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  count = 0;
  sum = 0;
  max = 0;

  /** Values below 1 count as 1. */
  record(value: number): void {
    const exact = Math.max(1, value);
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log2(exact) * STEPS));
    this.#counts[bucket] = this.#counts[bucket]! + 1;
    this.count += 1;
    this.sum += exact;
    if (exact > this.max) this.max = exact;
  }

  /** The value that a share `p` (0..1) of all samples does not exceed; null without samples. */
  percentile(p: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(p * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.#counts[bucket]!;
      // The middle of the bucket, but never more than was seen.
      if (seen >= rank) return Math.min(this.max, 2 ** ((bucket + 0.5) / STEPS));
    }
    return this.max;
  }

  get mean(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }

  /** What `merge` takes; crosses threads. */
  toData(): HistogramData {
    return { counts: this.#counts, count: this.count, sum: this.sum, max: this.max };
  }

  merge(data: HistogramData): void {
    for (let i = 0; i < BUCKETS; i += 1) this.#counts[i] = this.#counts[i]! + data.counts[i]!;
    this.count += data.count;
    this.sum += data.sum;
    this.max = Math.max(this.max, data.max);
  }
}

export interface HistogramData {
  readonly counts: Float64Array;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}
