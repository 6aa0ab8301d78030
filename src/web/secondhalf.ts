/** The player's second half, for the tail: files of their own, fetched when they may be needed. */
export type SecondHalf = typeof import("./tail.ts");

const AGAIN_MS = 2_000;

export class SecondHalfLoader {
  /** Null before it is there. */
  half: SecondHalf | null = null;
  /** It could not be loaded, and is tried again. */
  failed = false;
  #again = Number.NEGATIVE_INFINITY;

  /** Loads it if need be; `loaded` is called when it is there. */
  want(nowMs: number, loaded: () => void): void {
    if (this.half !== null || nowMs < this.#again) return;
    this.#again = Number.POSITIVE_INFINITY;
    // Both at once, though the first one asks for the second. They stay files of their own (bundle.ts).
    Promise.all([import("./tail.js"), import("./hls.js")]).then(
      ([half]) => {
        this.half = half;
        this.failed = false;
        loaded();
      },
      () => {
        this.failed = true;
        this.#again = performance.now() + AGAIN_MS;
      },
    );
  }
}
