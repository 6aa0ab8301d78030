import type { NodeId } from "./node-id.ts";

/** So long a stream of which nobody tells any more is looked for at others. */
const HOPE_US = 1_000_000;

/** The nodes that a stream comes by, and whether it still may. */
export class Way {
  #path: readonly NodeId[] | null = null;
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
    return !this.#over && (this.#path !== null || this.#hopes);
  }

  /** Nobody has given it yet. */
  get fresh(): boolean {
    return this.#givenAt === 0;
  }

  /** Its owner has it no more. */
  despair(): void {
    this.#over = true;
  }

  /** It comes so now. True when that, or whether it is given, has changed. */
  take(path: readonly NodeId[] | null, now: number): boolean {
    const isOver = this.#hopes && path === null && now > this.#givenAt + HOPE_US;
    if (isOver) this.#hopes = false;
    const same = path === this.#path || path?.join() === this.#path?.join();
    if (path !== null) this.#givenAt = now;
    this.#hopes ||= path !== null;
    this.#path = path;
    return !same || isOver;
  }
}
