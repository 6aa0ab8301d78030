import { VIEWER_BITS_ASSUMED } from "../../limits.ts";

/** What a node may give to its viewers, and what of it is given: measured, and reckoned in between. */
export class Capacity {
  /** Bits a second; Infinity without a limit. */
  readonly #most: number;
  /** At the last look: what they were sent, that or what was expected by then, and what one of them got. */
  #measured = 0;
  #given = 0;
  #each = VIEWER_BITS_ASSUMED;
  /** To those who have come since. */
  #promised = 0;

  /** Null: no limit. */
  constructor(bitsPerSecond: number | null) {
    this.#most = bitsPerSecond ?? Number.POSITIVE_INFINITY;
  }

  /** No more fits. */
  get reached(): boolean {
    return this.share >= 1;
  }

  /** Of all of it; more than 1 where viewers came to get more than was expected. */
  get share(): number {
    return (this.#given + this.#promised) / this.#most;
  }

  /** A viewer comes: it will be sent as much as the others. */
  came(): void {
    this.#promised += this.#each;
  }

  /** About once a second: what all viewers were sent in it, bits a second, and how many there are. */
  look(bitsPerSecond: number, viewers: number): void {
    // Who came within this second is in it with a part only.
    const expected = this.#promised > 0 ? this.#measured + this.#promised : 0;
    this.#given = Math.max(bitsPerSecond, expected);
    this.#measured = bitsPerSecond;
    this.#promised = 0;
    const isKnown = viewers > 0 && bitsPerSecond > 0;
    this.#each = isKnown ? bitsPerSecond / viewers : VIEWER_BITS_ASSUMED;
  }
}
