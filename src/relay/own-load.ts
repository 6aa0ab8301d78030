import type { OwnLoad } from "../cascade/link.ts";
import { Counter } from "../contract/counters.ts";

const WINDOW_US = 1_000_000;

/** How busy this worker is, out of its own counters, and how full its node. */
export class LoadMeter {
  readonly #counters: Float64Array;
  #since = 0;
  #busyUs = 0;
  #load = { busy: 0, lagUs: 0 };
  /** As control told last. */
  filled: OwnLoad["filled"] = null;

  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  look(now: number): OwnLoad {
    const elapsed = now - this.#since;
    if (elapsed >= WINDOW_US) this.#measure(now, elapsed);
    return { ...this.#load, filled: this.filled };
  }

  #measure(now: number, elapsed: number): void {
    const busyUs = this.#counters[Counter.busyUs]!;
    const lagUs = this.#counters[Counter.turnMaxUs]!;
    if (this.#since > 0) this.#load = { busy: (busyUs - this.#busyUs) / elapsed, lagUs };
    this.#since = now;
    this.#busyUs = busyUs;
  }
}
