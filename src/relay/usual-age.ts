/** RFC 6298, 2.3: hardly any packet takes longer than the mean and so many deviations. */
const DEVIATIONS = 4;
const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;
/** After so long without anything a parent has lost the stream (src/cascade/parent.ts). */
const MOST_MAX_US = 400_000;

/** How old packets of a stream are when they come that nobody had to ask for. */
export class UsualAge {
  #mean = 0;
  #deviation = 0;
  #known = false;

  /** One of this age came. */
  note(ageUs: number): void {
    const off = ageUs - this.#mean;
    if (this.#known) {
      this.#deviation += DEVIATION_SHARE * (Math.abs(off) - this.#deviation);
      this.#mean += MEAN_SHARE * off;
    } else {
      this.#known = true;
      this.#mean = ageUs;
      this.#deviation = ageUs / 2;
    }
  }

  /** What is older does not come by itself any more. 0 before the first. */
  get mostUs(): number {
    return Math.min(MOST_MAX_US, this.#mean + DEVIATIONS * this.#deviation);
  }
}
