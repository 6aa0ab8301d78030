import { RATE_LIMIT_ADDRESSES_MAX } from "../../limits.ts";
import { addressGroup } from "../plane/address-group.ts";
import { Budgets } from "../streams/budgets.ts";

/**
 * A token bucket an address: `perSecond` on average, as many at once. IPv6 clients own a /64, so
 * that is what is counted.
 */
export class RateLimit {
  readonly #budgets: Budgets;

  constructor(perSecond: number) {
    this.#budgets = new Budgets({ perSecond, burst: perSecond, max: RATE_LIMIT_ADDRESSES_MAX });
  }

  /** Takes `cost` (POST 1, PATCH and DELETE a tenth); false when the address has used it up. */
  take(nowUs: number, address: string, cost: number): boolean {
    return this.#budgets.take(nowUs, addressGroup(address), cost);
  }

  /** Forgets addresses that have been quiet long enough for a full bucket. */
  sweep(nowUs: number): void {
    this.#budgets.sweep(nowUs);
  }

  get size(): number {
    return this.#budgets.size;
  }
}
