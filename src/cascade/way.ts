import type { NodeId } from "./node-id.ts";

/** So long a stream of which nobody tells any more is looked for at others. */
const HOPE_US = 1_000_000;

/** The nodes that a stream comes by, and whether it still may. */
export class Way {
  #path: readonly NodeId[] | null = null;
  #fresh = true;
  /** When somebody gave it last, and whether that is not long ago. */
  #givenAt = 0;
  #hopes = false;
  #over = false;

  /** The root first, without this node; null while nobody gives it. */
  get path(): readonly NodeId[] | null {
    return this.#path;
  }

  /** Somebody gives it, or did a moment ago: another who has it may be found. */
  get given(): boolean {
    return !this.#over && this.#hopes;
  }

  /** Nobody has said yet that it can be had so. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** Its owner has it no more. */
  despair(): void {
    this.#over = true;
  }

  /**
   * It is to come so now; `proven`: something has. Those who were left by a root say yes to each other as
   * long as they hope themselves: by that alone none of them hopes on. True when the way has changed, or
   * it is given no more.
   */
  take(path: readonly NodeId[] | null, proven: boolean, now: number): boolean {
    const isGiven = path !== null && proven;
    const isOver = this.#hopes && !isGiven && now > this.#givenAt + HOPE_US;
    if (isGiven) this.#givenAt = now;
    if (path !== null) this.#fresh = false;
    this.#hopes = isGiven || (this.#hopes && !isOver);
    const same = path === this.#path || path?.join() === this.#path?.join();
    this.#path = path;
    return !same || isOver;
  }
}
