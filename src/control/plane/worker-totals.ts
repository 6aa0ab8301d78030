import { COUNTER_NAMES, Counter, type CounterName, GAUGES } from "../../contract/counters.ts";
import type { ThreadTime } from "../../processors.ts";

/**
 * What a worker has counted and waited, over the threads that it had one after another. Each thread
 * begins at 0; a total goes on from what those before it came to, a state is that of the present one.
 */
export class WorkerTotals {
  /** The present thread's, in its shared block. */
  readonly #counters: Float64Array;
  readonly #before = new Float64Array(COUNTER_NAMES.length);
  #waitedUs = 0;
  #waitedBeforeUs = 0;

  constructor(counters: Float64Array) {
    this.#counters = counters;
  }

  counters(): Record<CounterName, number> {
    const all = {} as Record<CounterName, number>;
    for (const name of COUNTER_NAMES) {
      all[name] = this.#before[Counter[name]]! + this.#counters[Counter[name]]!;
    }
    return all;
  }

  /** How long its threads have waited for a processor, us. */
  get waitedUs(): number {
    return this.#waitedBeforeUs + this.#waitedUs;
  }

  /** What the kernel tells of the present thread; null when it tells nothing. */
  noteTime(thread: ThreadTime | null): void {
    if (thread !== null) this.#waitedUs = Math.max(this.#waitedUs, thread.waitedUs);
  }

  /** The thread has ended, and writes no more: the next one finds its block at 0. */
  threadEnded(): void {
    for (const name of COUNTER_NAMES) {
      if (!GAUGES.has(name)) this.#before[Counter[name]]! += this.#counters[Counter[name]]!;
    }
    this.#counters.fill(0);
    this.#waitedBeforeUs += this.#waitedUs;
    this.#waitedUs = 0;
  }
}
