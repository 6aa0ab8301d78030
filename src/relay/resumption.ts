/**
 * A ring that is had again after a pause: its parent goes on where it stopped, or begins behind that, where
 * a newer group of pictures is nearer to what comes now. Which of both is not known before it is told, or a
 * packet shows it.
 */
export class Resumption {
  /** Nothing has come since. */
  awaited = false;
  /** Where it stopped, one past the last; null once it is known how it goes on. */
  #at: number | null = null;

  begin(at: number): void {
    this.awaited = true;
    this.#at = at;
  }

  end(): void {
    this.awaited = false;
    this.#at = null;
  }

  /** A packet has come: whether it begins behind a gap, which a group may do, and what was lost may not. */
  beginsBehind(sequence: number, keyframe: boolean): boolean {
    if (this.#at === null) return false;
    const behind = ((sequence - this.#at) | 0) > 0;
    if (!behind) this.#at = null;
    return behind && keyframe;
  }

  /** The parent says what it sent first: whether that lies behind a gap. */
  isTold(first: number): boolean {
    if (this.#at === null) return false;
    const behind = ((first - this.#at) | 0) > 0;
    this.#at = null;
    return behind;
  }
}
