import { RATE_LIMIT_ADDRESSES_MAX } from "../../limits.ts";
import { addressGroup } from "../streams/address-group.ts";

interface Bucket {
  tokens: number;
  updatedUs: number;
}

/**
 * A token bucket an address: `perSecond` on average, as many at once. IPv6 clients own a /64, so
 * that is what is counted. Bounded: full buckets are forgotten, and beyond the maximum the oldest.
 */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes `cost` (POST 1, PATCH and DELETE a tenth); false when the address has used it up. */
  take(nowUs: number, address: string, cost: number): boolean {
    const key = addressGroup(address);
    const bucket = this.#buckets.get(key) ?? { tokens: this.#perSecond, updatedUs: nowUs };
    const earned = ((nowUs - bucket.updatedUs) / 1e6) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + earned);
    bucket.updatedUs = nowUs;
    // Newest last, so that the first key is the one that waited longest.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > RATE_LIMIT_ADDRESSES_MAX) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    if (bucket.tokens < cost) return false;
    bucket.tokens -= cost;
    return true;
  }

  /** Forgets addresses that have been quiet long enough for a full bucket. */
  sweep(nowUs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (nowUs - bucket.updatedUs > 1e6) this.#buckets.delete(key);
    }
  }

  get size(): number {
    return this.#buckets.size;
  }
}
