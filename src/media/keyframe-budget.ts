import { PLI_INTERVAL_FAILURE_US, PLI_INTERVAL_JOIN_US } from "../limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Asked with at least so much left, the answer comes at once: a receiver in no habit of failing. */
const PROMPT_MIN = 2;

/**
 * One viewer's share of the keyframes that its publisher makes. A token is one wish, repeated as
 * often as the receiver likes until a keyframe leaves or the ring would ask anew. Whoever goes on asking spends each token as
 * soon as it is there, so that it never again has the two that a prompt answer takes: however many
 * receivers fail for ever, they share what joins may cause, and a sound one beside them is served.
 */
export class KeyframeBudget {
  /** Asked without a token, and no keyframe has come since. */
  #owed = false;
  #coveredUntil = Number.NEGATIVE_INFINITY;
  #covered: "failure" | "join" = "failure";
  /** The keyframe that was asked for is on its way: what comes now was sent before it was seen. */
  #onItsWayUntil = Number.NEGATIVE_INFINITY;
  readonly #tokens: TokenBucket;

  constructor(burst: number, perSecond: number) {
    this.#tokens = new TokenBucket(burst, perSecond);
  }

  /** How to ask the ring now; null: not now, and `due` tells when. */
  ask(now: number): "failure" | "join" | null {
    if (now < this.#onItsWayUntil) return null;
    if (now < this.#coveredUntil) return this.#covered;
    const prompt = this.#tokens.left(now) >= PROMPT_MIN;
    this.#owed = !this.#tokens.take(now, 1);
    if (this.#owed) return null;
    this.#covered = prompt ? "failure" : "join";
    this.#coveredUntil = now + (prompt ? PLI_INTERVAL_FAILURE_US : PLI_INTERVAL_JOIN_US);
    return this.#covered;
  }

  /** A keyframe leaves for the viewer, which takes so long to tell what became of it (us). */
  keyframe(now: number, roundTripUs: number): void {
    this.#owed = false;
    if (now >= this.#coveredUntil) return;
    this.#coveredUntil = Number.NEGATIVE_INFINITY;
    this.#onItsWayUntil = now + roundTripUs;
  }

  /** Whether to ask now for what was asked in vain. */
  due(now: number): boolean {
    return this.#owed && this.#tokens.left(now) >= 1;
  }
}
