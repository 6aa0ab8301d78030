import { RATE_LIMIT_ADDRESSES_MAX } from "../../limits.ts";
import { TokenBucket } from "../../media/token-bucket.ts";
import { addressGroup } from "../streams/address-group.ts";

/**
 * A token bucket an address: `perSecond` on average, as many at once. IPv6 clients own a /64, so
 * that is what is counted. Bounded: full buckets are forgotten, and beyond the maximum the oldest.
 */
export class RateLimit {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes `cost` (POST 1, PATCH and DELETE a tenth); false when the address has used it up. */
  take(nowUs: number, address: string, cost: number): boolean {
    const key = addressGroup(address);
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#perSecond, this.#perSecond);
    // Newest last, so that the first key is the one that waited longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > RATE_LIMIT_ADDRESSES_MAX) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    return bucket.take(nowUs, cost);
  }

  /** Forgets addresses that have been quiet long enough for a full bucket. */
  sweep(nowUs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.left(nowUs) >= this.#perSecond) this.#buckets.delete(key);
    }
  }

  get size(): number {
    return this.#buckets.size;
  }
}
