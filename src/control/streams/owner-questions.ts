import type { RelayPlane } from "../plane/plane.ts";

/** A node that does not answer within this does not have its publisher any more. */
const ANSWER_MS = 250;

/** Asks nodes whether they still hear of the publisher of a name. */
export class OwnerQuestions {
  readonly #relay: RelayPlane;
  readonly #waiting = new Map<number, (alive: boolean | null) => void>();
  #request = 0;

  constructor(relay: RelayPlane) {
    this.#relay = relay;
  }

  /** Whether it was within so long; null where nobody answers. */
  async ask(name: string, withinMs: number): Promise<boolean | null> {
    this.#request += 1;
    const request = this.#request;
    const { promise, resolve } = Promise.withResolvers<boolean | null>();
    this.#waiting.set(request, resolve);
    const timer = setTimeout(() => this.answered(request, null), ANSWER_MS);
    const isSent = this.#relay.send({ type: "ask-owner", request, name, withinMs });
    if (!isSent) this.answered(request, null);
    const alive = await promise;
    clearTimeout(timer);
    return alive;
  }

  answered(request: number, alive: boolean | null): void {
    this.#waiting.get(request)?.(alive);
    this.#waiting.delete(request);
  }
}
