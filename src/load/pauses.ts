/** The longest pause between things that come, while it is measured. */
export class Pauses {
  #lastAt = 0;
  #longestUs = 0;
  #measured = false;

  /** The pause that ends now; 0 where none is measured. */
  note(at: number, measuring: boolean): number {
    const pause = measuring ? this.#take(at) : 0;
    this.#lastAt = at;
    return pause;
  }

  /** A pause that never ended counts as well; null when nothing came that was measured. */
  end(now: number): number | null {
    if (!this.#measured) return null;
    this.#take(now);
    return this.#longestUs;
  }

  #take(at: number): number {
    const pause = this.#lastAt > 0 ? at - this.#lastAt : 0;
    this.#longestUs = Math.max(this.#longestUs, pause);
    this.#measured = true;
    return pause;
  }
}
