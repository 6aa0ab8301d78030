import { Counter, countUp } from "../contract/counters.ts";

/**
 * Shortest and longest pause between two forwarding passes, by load. At 20 streams whose frames come
 * spread over 15 ms, pauses that grow from 40 % on cost a median delay of 2.9 ms at 63 % load, these
 * 1.2 ms, for 4 % more CPU; above 90 % the longer pause saves 12 %.
 */
const TICK_MIN_US = 1_000;
const TICK_MAX_US = 5_000;
const LOAD_LOW = 0.6;
const LOAD_HIGH = 0.9;
/** Load is measured over windows of this length. */
const LOAD_WINDOW_US = 100_000;
const TURN_WINDOW_US = 1_000_000;

/** Measures a worker's turns, and counts them. */
export class LoopMeter {
  /** Pause between two forwarding passes at the present load. */
  tickUs = TICK_MIN_US;
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
    const load = this.#loadBusyUs / window;
    const share = Math.min(1, Math.max(0, (load - LOAD_LOW) / (LOAD_HIGH - LOAD_LOW)));
    this.tickUs = TICK_MIN_US + share * (TICK_MAX_US - TICK_MIN_US);
    this.#loadSince = end;
    this.#loadBusyUs = 0;
    if (end - this.#turnSince < TURN_WINDOW_US) return true;
    this.#turnSince = end;
    this.#counters[Counter.turnMaxUs] = this.#turnMaxUs;
    this.#turnMaxUs = 0;
    return true;
  }
}
