import { assert } from "../assert.ts";
import { REPLAY_WINDOW } from "../limits.ts";

export const ReplayVerdict = { fresh: 0, seen: 1, tooOld: 2 } as const;
export type ReplayVerdict = (typeof ReplayVerdict)[keyof typeof ReplayVerdict];

/**
 * Which of the last `width` packet indices were used (RFC 3711 3.3.2). Invariant: bit `i % width`
 * stands for index `i` of highest - width < i <= highest; indices of that range below the first one
 * ever committed count as unused.
 */
export class ReplayWindow {
  /** -1 before the first `commit`. */
  highest = -1;
  readonly #width: number;
  readonly #bits: Uint32Array;

  /** `width` is a power of two, of 32 at least. */
  constructor(width = REPLAY_WINDOW) {
    assert(width >= 32 && (width & (width - 1)) === 0, "a replay window's width is a power of two");
    this.#width = width;
    this.#bits = new Uint32Array(width / 32);
  }

  check(index: number): ReplayVerdict {
    if (index > this.highest) return ReplayVerdict.fresh;
    if (index < 0 || index <= this.highest - this.#width) return ReplayVerdict.tooOld;
    const bit = this.#bitOf(index);
    const used = (this.#bits[bit >>> 5]! & (1 << (bit & 31))) !== 0;
    return used ? ReplayVerdict.seen : ReplayVerdict.fresh;
  }

  /** Marks an index that `check` called fresh. */
  commit(index: number): void {
    if (index > this.highest) this.#advance(index);
    assert(index > this.highest - this.#width, "a committed index lies inside the window");
    const bit = this.#bitOf(index);
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** Forgets what falls out of the window; the bit of `index` itself is the caller's. */
  #advance(index: number): void {
    const bits = this.#bits;
    if (index === this.highest + 1) {
      // The usual case has nothing to clear.
    } else if (index - this.highest >= this.#width) {
      bits.fill(0);
    } else {
      for (let i = this.highest + 1; i <= index; i += 1) {
        const bit = this.#bitOf(i);
        bits[bit >>> 5]! &= ~(1 << (bit & 31));
      }
    }
    this.highest = index;
  }

  /** The low bits of an index are the same after its upper ones are cut off, as `&` does. */
  #bitOf(index: number): number {
    return index & (this.#width - 1);
  }
}
