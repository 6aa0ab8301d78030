import { TOKENS_KEPT_MAX, TOKENS_KEPT_US } from "../../limits.ts";

/**
 * What tokens were found to grant, for a while: the players of a tail show theirs several times a
 * second. Only tokens that are good come in here, so nobody else can push them out. The same of what a
 * hook has allowed.
 */
export class KeptGrants<Grant> {
  /** By the hash of the token, or of the question; the oldest is first. */
  readonly #kept = new Map<string, { readonly grant: Grant; readonly until: number }>();

  get size(): number {
    return this.#kept.size;
  }

  /** `now`: us. */
  get(hash: string, now: number): Grant | null {
    const kept = this.#kept.get(hash);
    return kept === undefined || now >= kept.until ? null : kept.grant;
  }

  /** `leftUs`: how long the token itself is good. */
  keep(hash: string, grant: Grant, now: number, leftUs: number): void {
    this.#kept.delete(hash);
    for (const [each, { until }] of this.#kept) {
      if (now < until && this.#kept.size < TOKENS_KEPT_MAX) break;
      this.#kept.delete(each);
    }
    this.#kept.set(hash, { grant, until: now + Math.min(TOKENS_KEPT_US, leftUs) });
  }
}
