import { Counter } from "../contract/counters.ts";

const WINDOW_US = 500_000;
/** Delays are told apart by a quarter of their size: 0.1 ms, 0.125, 0.156 ... 52 s. */
const BUCKETS = 60;
const LEAST_US = 100;
const STEP = Math.log(1.25);

/**
 * How long what is due waits in its ring before this worker serves it: the longest and the median of
 * each half second, shown to control, which knows an overload by the median
 * (src/control/plane/overload.ts). What is held on purpose is not due. And how long a frame takes,
 * from its last packet's coming until that has left for the last of its viewers.
 */
export class LagMeter {
  readonly #lags = new Delays();
  readonly #frames = new Delays();
  readonly #counters: Float64Array;
  #toldAt = 0;

  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  /** A frame, or what a batch holds of it, is about to be served `lagUs` after it was due. */
  note(lagUs: number): void {
    this.#lags.note(lagUs);
  }

  /** A frame has left for all of its viewers. */
  noteFrame(delayUs: number): void {
    this.#frames.note(delayUs);
  }

  /** Shows the figures when they are due. */
  tell(now: number): void {
    if (now - this.#toldAt < WINDOW_US) return;
    this.#toldAt = now;
    const counters = this.#counters;
    counters[Counter.lagMaxUs] = this.#lags.longest;
    counters[Counter.lagMedianUs] = this.#lags.quantile(0.5);
    counters[Counter.frameDelayMedianUs] = this.#frames.quantile(0.5);
    counters[Counter.frameDelayP99Us] = this.#frames.quantile(0.99);
    this.#lags.clear();
    this.#frames.clear();
  }
}

class Delays {
  longest = 0;
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  note(us: number): void {
    if (us > this.longest) this.longest = us;
    const bucket = us <= LEAST_US ? 0 : Math.ceil(Math.log(us / LEAST_US) / STEP);
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
      return Math.min(this.longest, LEAST_US * Math.exp(bucket * STEP));
    }
    return this.longest;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.longest = 0;
  }
}
