import { isDeep, type Parent } from "./parent.ts";

/** It goes on for so long after a node that needs it has asked last. */
const SOUGHT_US = 1_000_000;

/**
 * A node needs a stream from here, and the way that it comes by is too long to give it on: a shorter one
 * is looked for, and whoever gives it by one counts before the others.
 */
export class Shorter {
  #asked = false;
  #until = 0;

  /** A node needs one. */
  ask(): void {
    this.#asked = true;
  }

  /** Whether one is looked for. */
  isSought(now: number): boolean {
    if (this.#asked) this.#until = now + SOUGHT_US;
    this.#asked = false;
    return now < this.#until;
  }

  /** It does not help whoever needs one. */
  isTooLong({ path }: Parent, now: number): boolean {
    return isDeep(path) && this.isSought(now);
  }

  /** Of these, which give it, the first longest: those of a way that is too long come behind the others. */
  sort(giving: readonly Parent[], now: number): void {
    if (!this.isSought(now)) return;
    const useful = giving.filter(({ usefulSince }) => usefulSince !== null);
    const deep = useful.filter(({ path }) => isDeep(path));
    if (deep.length === useful.length || deep[0] !== useful[0]) return;
    // The other may have become useful just now.
    for (const parent of deep) parent.usefulSince = now + 1;
  }
}
