/** A picture that stood still for so long that it does not go on by itself, though nothing failed. Pure. */

/** So long nothing is done about it. */
const STANDS_MS = 6_000;

export class Standstill {
  #since: number | null = null;

  /** `isStill`: pictures came, and come no more. Whether to begin anew; true once. */
  look(nowMs: number, isStill: boolean): boolean {
    if (!isStill) this.#since = null;
    else this.#since ??= nowMs;
    if (this.#since === null || nowMs - this.#since < STANDS_MS) return false;
    this.#since = null;
    return true;
  }
}
