import type { Child } from "./child.ts";

/** A sibling of which nothing comes has lost its place by then, and whoever needs one has found another. */
const NOTICE_US = 2_000_000;

/**
 * Children that have a stream from another as well and whose places were given to others that have it
 * from nobody: it flows to them for a while all the same. What took the parent of those may have taken
 * the other parent of these, which nobody has noticed yet.
 */
export class Notices {
  readonly #until = new Map<Child, number>();

  /** Its place is another's; what it was told of first counts. */
  give(child: Child, now: number): void {
    if (!this.#until.has(child)) this.#until.set(child, now + NOTICE_US);
  }

  has(child: Child): boolean {
    return this.#until.has(child);
  }

  /** It is gone, or has a place again. */
  delete(child: Child): void {
    this.#until.delete(child);
  }

  /** Those whose time is over, each once. */
  takeDue(now: number): Child[] {
    const due = [...this.#until].filter(([, until]) => now >= until).map(([child]) => child);
    for (const child of due) this.#until.delete(child);
    return due;
  }

  nextTimeout(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#until.values());
  }
}
