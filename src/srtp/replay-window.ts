import { assert } from "../assert.ts";
import { REPLAY_WINDOW } from "../limits.ts";

export const ReplayVerdict = { fresh: 0, seen: 1, tooOld: 2 } as const;
export type ReplayVerdict = (typeof ReplayVerdict)[keyof typeof ReplayVerdict];

/**
 * Which of the last REPLAY_WINDOW packet indices were used (RFC 3711 3.3.2). Invariant: bit
 * `i % REPLAY_WINDOW` stands for index `i` of highest - REPLAY_WINDOW < i <= highest; indices of
 * that range below the first one ever committed count as unused.
 */
export class ReplayWindow {
  /** -1 before the first `commit`. */
  highest = -1;
  readonly #bits = new Uint32Array(REPLAY_WINDOW / 32);

  check(index: number): ReplayVerdict {
    if (index > this.highest) return ReplayVerdict.fresh;
    if (index < 0 || index <= this.highest - REPLAY_WINDOW) return ReplayVerdict.tooOld;
    const bit = index % REPLAY_WINDOW;
    const used = (this.#bits[bit >>> 5]! & (1 << (bit & 31))) !== 0;
    return used ? ReplayVerdict.seen : ReplayVerdict.fresh;
  }

  /** Marks an index that `check` called fresh. */
  commit(index: number): void {
    if (index > this.highest) this.#advance(index);
    assert(index > this.highest - REPLAY_WINDOW, "a committed index lies inside the window");
    const bit = index % REPLAY_WINDOW;
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  /** Forgets what falls out of the window; the bit of `index` itself is the caller's. */
  #advance(index: number): void {
    const bits = this.#bits;
    if (index === this.highest + 1) {
      // The usual case has nothing to clear.
    } else if (index - this.highest >= REPLAY_WINDOW) {
      bits.fill(0);
    } else {
      for (let i = this.highest + 1; i <= index; i += 1) {
        const bit = i % REPLAY_WINDOW;
        bits[bit >>> 5]! &= ~(1 << (bit & 31));
      }
    }
    this.highest = index;
  }
}
