/** The longest pause between things that come, while it is measured. */
export class Pauses {
  #lastAt = 0;
  #longestUs = 0;
  #measured = false;

  note(at: number, measuring: boolean): void {
    if (measuring) this.#take(at);
    this.#lastAt = at;
  }

  /** A pause that never ended counts as well; null when nothing came that was measured. */
  end(now: number): number | null {
    if (!this.#measured) return null;
    this.#take(now);
    return this.#longestUs;
  }

  #take(at: number): void {
    if (this.#lastAt > 0) this.#longestUs = Math.max(this.#longestUs, at - this.#lastAt);
    this.#measured = true;
  }
}
