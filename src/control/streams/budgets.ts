import { TokenBucket } from "../../media/token-bucket.ts";

export interface BudgetsOptions {
  readonly perSecond: number;
  /** At once. */
  readonly burst: number;
  /** Buckets that are remembered. */
  readonly max: number;
}

/** A token bucket a key. Bounded: full ones are forgotten, and beyond the maximum the oldest. */
export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** False when whoever has the key has used it up. */
  take(nowUs: number, key: string, cost: number): boolean {
    const { burst, perSecond, max } = this.#options;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(burst, perSecond);
    // Newest last, so that the first key is the one that waited longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > max) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket.take(nowUs, cost);
  }

  /** Forgets those that have been quiet long enough for a full bucket. */
  sweep(nowUs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.left(nowUs) >= this.#options.burst) this.#buckets.delete(key);
    }
  }
}
