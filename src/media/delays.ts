/** Each is 1.25 times the one before: from 10 us on up to 5 s, from 0.1 ms on up to 52 s. */
const BUCKETS = 60;
const STEP = Math.log(1.25);

/** How long things took, us: the longest, and quantiles to a quarter of their size. */
export class Delays {
  longest = 0;
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** What takes no longer than `leastUs` is not told apart. */
  constructor(private readonly leastUs: number) {}

  note(us: number): void {
    if (us > this.longest) this.longest = us;
    const bucket = us <= this.leastUs ? 0 : Math.ceil(Math.log(us / this.leastUs) / STEP);
    const place = Math.min(BUCKETS - 1, bucket);
    this.#counts[place] = this.#counts[place]! + 1;
    this.#total += 1;
  }

  /** The upper end of the bucket below which this share of them lies; 0 when there were none. */
  quantile(share: number): number {
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS && this.#total > 0; bucket += 1) {
      below += this.#counts[bucket]!;
      if (below < share * this.#total) continue;
      return Math.min(this.longest, this.leastUs * Math.exp(bucket * STEP));
    }
    return this.longest;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.longest = 0;
  }
}
