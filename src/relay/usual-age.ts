import { MeanDeviation } from "../media/mean-deviation.ts";

/** After so long without anything a parent has lost the stream (src/cascade/parent.ts). */
const MOST_MAX_US = 400_000;

/** How old packets of a stream are when they come that nobody had to ask for. */
export class UsualAge {
  readonly #ages = new MeanDeviation();

  /** One of this age came. */
  note(ageUs: number): void {
    this.#ages.note(ageUs);
  }

  /** What is older does not come by itself any more. 0 before the first. */
  get mostUs(): number {
    return Math.min(MOST_MAX_US, this.#ages.most);
  }
}
