import { TokenBucket } from "../../media/token-bucket.ts";
import type { RelayPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";

/** Nobody is waited for longer. */
const ANSWER_MS = 300;
/** What nobody knew is not asked for again before. */
const UNKNOWN_US = 300_000;
/** A flood of names that nobody has reaches no other node beyond that. */
const PER_SECOND = 2_000;

interface LookUp {
  readonly done: Promise<void>;
  readonly end: () => void;
}

/** Asks other nodes for names that none of them has told of: each once at a time. */
export class LookUps {
  readonly #relay: RelayPlane;
  readonly #clock: Clock;
  readonly #budget = new TokenBucket(PER_SECOND, PER_SECOND);
  readonly #open = new Map<string, LookUp>();
  /** Names that nobody knew, and until when they are not asked for: the oldest first. */
  readonly #unknown = new Map<string, number>();

  constructor(relay: RelayPlane, clock: Clock) {
    this.#relay = relay;
    this.#clock = clock;
  }

  /** Resolves when somebody has told of it, or nobody will. */
  async ask(name: string): Promise<void> {
    const open = this.#open.get(name);
    if (open !== undefined) return open.done;
    const now = this.#clock.now();
    this.#forget(now);
    if (this.#unknown.has(name) || !this.#budget.take(now, 1)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.answered(name), ANSWER_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    this.#open.set(name, { done: promise, end });
    if (!this.#relay.send({ type: "look-up", name })) this.answered(name);
    return promise;
  }

  /** The relay has an answer, which was told before, or none comes. */
  answered(name: string): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    this.#unknown.set(name, this.#clock.now() + UNKNOWN_US);
    open.end();
  }

  #forget(now: number): void {
    for (const [name, until] of this.#unknown) {
      if (now < until) return;
      this.#unknown.delete(name);
    }
  }
}
