import { monotonicUs, threadTimeUs } from "../io/clock.ts";
import { WARM_UP_MAX_US, WARM_UP_WAIT_MAX_US } from "../limits.ts";

/** us by a clock. */
export interface Allowance {
  readonly clock: () => number;
  readonly us: number;
}

/** Time that a rehearsal may take, by each of some clocks. */
export class Budget {
  readonly #ends: readonly { readonly clock: () => number; readonly end: number }[];

  constructor(...allowances: readonly Allowance[]) {
    this.#ends = allowances.map(({ clock, us }) => ({ clock, end: clock() + us }));
  }

  /**
   * From now on, for the calling thread: of its own processor time, so that others' use of the core
   * does not count, and of everybody's, so that nobody waits long where the processor is scarce.
   */
  static ofThread(): Budget {
    return new Budget(
      { clock: threadTimeUs, us: WARM_UP_MAX_US },
      { clock: monotonicUs, us: WARM_UP_WAIT_MAX_US },
    );
  }

  get left(): boolean {
    return this.#ends.every(({ clock, end }) => clock() < end);
  }
}
