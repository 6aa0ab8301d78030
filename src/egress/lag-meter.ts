import { Counter } from "../contract/counters.ts";

const WINDOW_US = 500_000;
/** Lags are told apart by a quarter of their size: 1 ms, 1.25, 1.56 ... 47 s. */
const BUCKETS = 49;
const LEAST_US = 1_000;
const STEP = Math.log(1.25);

/**
 * How long frames wait in their rings before this worker serves them: the longest and the median of
 * each half second, shown to control, which knows an overload by the median (src/control/plane/overload.ts).
 */
export class LagMeter {
  readonly #counts = new Uint32Array(BUCKETS);
  readonly #counters: Float64Array;
  #total = 0;
  #longest = 0;
  #toldAt = 0;

  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  /** A frame, or what a batch holds of it, is about to be served `lagUs` after it came. */
  note(lagUs: number): void {
    if (lagUs > this.#longest) this.#longest = lagUs;
    const bucket = lagUs <= LEAST_US ? 0 : Math.ceil(Math.log(lagUs / LEAST_US) / STEP);
    const place = Math.min(BUCKETS - 1, bucket);
    this.#counts[place] = this.#counts[place]! + 1;
    this.#total += 1;
  }

  /** Shows the figures when they are due. */
  tell(now: number): void {
    if (now - this.#toldAt < WINDOW_US) return;
    this.#toldAt = now;
    this.#counters[Counter.lagMaxUs!] = this.#longest;
    this.#counters[Counter.lagMedianUs!] = Math.min(this.#longest, this.#median());
    this.#counts.fill(0);
    this.#total = 0;
    this.#longest = 0;
  }

  /** The upper end of the median's bucket; 0 when nothing was served. */
  #median(): number {
    if (this.#total === 0) return 0;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      below += this.#counts[bucket]!;
      if (below * 2 >= this.#total) return LEAST_US * Math.exp(bucket * STEP);
    }
    return this.#longest;
  }
}
