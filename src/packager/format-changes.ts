/** When the format of pictures changed: whoever changes it with every frame gets no segment for each. */
export class FormatChanges {
  #changedUs = Number.NEGATIVE_INFINITY;

  /** Changes follow each other at least so far. */
  constructor(private readonly apartUs: number) {}

  /** Whether a change at `us` comes too soon after another. */
  again(us: number): boolean {
    const since = us - this.#changedUs;
    if (since >= 0 && since < this.apartUs) return true;
    this.#changedUs = us;
    return false;
  }
}
