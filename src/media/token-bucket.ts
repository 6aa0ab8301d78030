/** So much at once, and so much more a second: a share of something that others want too. */
export class TokenBucket {
  #level: number;
  /** -Infinity: full, whatever the time is. */
  #at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
  ) {
    this.#level = capacity;
  }

  /** What is left at `now` (us); negative while a debt has to be worked off. */
  left(now: number): number {
    if (now > this.#at) {
      const earned = ((now - this.#at) * this.perSecond) / 1e6;
      this.#level = Math.min(this.capacity, this.#level + earned);
      this.#at = now;
    }
    return this.#level;
  }

  /** Takes `cost` if all of it is there. */
  take(now: number, cost: number): boolean {
    if (this.left(now) < cost) return false;
    this.#level -= cost;
    return true;
  }

  /** Takes what has been used already. The debt is at most one bucket: it ends in bounded time. */
  charge(now: number, cost: number): void {
    this.#level = Math.max(-this.capacity, this.left(now) - cost);
  }
}
