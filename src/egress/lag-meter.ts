import { Counter } from "../contract/counters.ts";
import { Delays } from "../media/delays.ts";

const WINDOW_US = 500_000;
/** Delays below this are all the same. */
const LEAST_US = 100;

/**
 * How long what is due waits in its ring before this worker serves it: the longest and the median of
 * each half second, shown to control, which knows an overload by the median
 * (src/control/plane/overload.ts). What is held on purpose is not due. And how long a frame takes,
 * from its last packet's coming until that has left for the last of its viewers.
 */
export class LagMeter {
  readonly #lags = new Delays(LEAST_US);
  readonly #frames = new Delays(LEAST_US);
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
