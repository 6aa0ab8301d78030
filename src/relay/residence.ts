import { Counter } from "../contract/counters.ts";
import type { Staging } from "../feed/staging.ts";
import { Delays } from "../media/delays.ts";

const WINDOW_US = 5_000_000;
/** Less than a turn takes. */
const LEAST_US = 10;
/** Packets of one turn that are looked at. */
const PACKETS_MAX = 1_024;

/**
 * How long packets are in this node on their way to others: from the kernel's stamp of their coming
 * until the turn that forwards them has sent. Of each five seconds it is shown to control.
 */
export class Residence {
  readonly #counters: Float64Array;
  readonly #delays = new Delays(LEAST_US);
  readonly #receipts = new Float64Array(PACKETS_MAX);
  #waiting = 0;
  #toldAt = 0;

  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  /** These have been written for links, and leave with the turn. */
  note({ receipts, count }: Pick<Staging, "receipts" | "count">): void {
    const end = Math.min(PACKETS_MAX, this.#waiting + count);
    for (let i = 0; this.#waiting < end; i += 1) {
      this.#receipts[this.#waiting] = receipts[i]!;
      this.#waiting += 1;
    }
  }

  /** Something has been noted that has not left yet. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** All that was noted has left. */
  left(now: number): void {
    for (let i = 0; i < this.#waiting; i += 1) this.#delays.note(now - this.#receipts[i]!);
    this.#waiting = 0;
  }

  /** Shows the figures when they are due. */
  tell(now: number): void {
    if (now - this.#toldAt < WINDOW_US) return;
    this.#toldAt = now;
    this.#counters[Counter.residenceMedianUs] = this.#delays.quantile(0.5);
    this.#counters[Counter.residenceP99Us] = this.#delays.quantile(0.99);
    this.#delays.clear();
  }
}
