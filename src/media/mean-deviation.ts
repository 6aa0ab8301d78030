const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;
const DEVIATIONS = 4;

/** Mean and mean deviation of what is measured again and again, as RFC 6298, 2.2 and 2.3, has them. */
export class MeanDeviation {
  known = false;
  #mean = 0;
  #deviation = 0;

  note(value: number): void {
    const off = value - this.#mean;
    if (this.known) {
      this.#deviation += DEVIATION_SHARE * (Math.abs(off) - this.#deviation);
      this.#mean += MEAN_SHARE * off;
    } else {
      this.known = true;
      this.#mean = value;
      this.#deviation = value / 2;
    }
  }

  /** Hardly anything is more than the mean and so many deviations. 0 before the first. */
  get most(): number {
    return this.#mean + DEVIATIONS * this.#deviation;
  }
}
