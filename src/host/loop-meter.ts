import { Counter, countUp } from "../contract/counters.ts";

/**
 * How long packets of an unfinished frame may wait for its end, by load: where there is time to spare
 * they leave by themselves, else each viewer is visited once for what comes within so long.
 */
const PATIENCE = [
  { load: 0.2, us: 1_000 },
  { load: 0.5, us: 5_000 },
  { load: 0.8, us: 10_000 },
] as const;
/** Load is measured over windows of this length. */
const LOAD_WINDOW_US = 100_000;
const TURN_WINDOW_US = 1_000_000;

/** Measures a worker's turns, and counts them. */
export class LoopMeter {
  /** What is not urgent may wait for so long at the present load. */
  patienceUs: number = PATIENCE[0].us;
  readonly #counters: Float64Array;
  #loadSince = 0;
  #loadBusyUs = 0;
  #turnMaxUs = 0;
  #turnSince = 0;

  /** `counters`: of the worker's block. */
  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  /** A turn went from `start` to `end`, us. True when it ended a window: ten times a second at most. */
  turn(start: number, end: number): boolean {
    const busy = end - start;
    this.#turnMaxUs = Math.max(this.#turnMaxUs, busy);
    this.#loadBusyUs += busy;
    countUp(this.#counters, Counter.turns);
    countUp(this.#counters, Counter.busyUs, busy);
    const window = end - this.#loadSince;
    if (window < LOAD_WINDOW_US) return false;
    this.patienceUs = patienceAt(this.#loadBusyUs / window);
    this.#loadSince = end;
    this.#loadBusyUs = 0;
    if (end - this.#turnSince < TURN_WINDOW_US) return true;
    this.#turnSince = end;
    this.#counters[Counter.turnMaxUs] = this.#turnMaxUs;
    this.#turnMaxUs = 0;
    return true;
  }
}

function patienceAt(load: number): number {
  const [low, middle, high] = PATIENCE;
  if (load <= low.load) return low.us;
  if (load >= high.load) return high.us;
  const [from, to] = load < middle.load ? [low, middle] : [middle, high];
  return from.us + ((load - from.load) / (to.load - from.load)) * (to.us - from.us);
}
