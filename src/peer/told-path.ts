import type { RemotePath } from "./remote-path.ts";

const TELL_US = 1_000_000;

/** Which path others were told of. A client that moves with each check fills no log: once a second. */
export class ToldPath {
  #path: RemotePath | null = null;
  #at = Number.NEGATIVE_INFINITY;

  /** True when media goes to `selected` now, and that is to be told. */
  isNews(now: number, selected: RemotePath | null): boolean {
    if (now < this.dueAt(selected)) return false;
    this.#path = selected;
    this.#at = now;
    return selected !== null;
  }

  /** When that is due, us; Infinity while it is known. */
  dueAt(selected: RemotePath | null): number {
    return selected === this.#path ? Number.POSITIVE_INFINITY : this.#at + TELL_US;
  }
}
