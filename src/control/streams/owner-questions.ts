import type { RelayPlane } from "../plane/plane.ts";

/** A node that does not answer within this does not have its publisher any more. */
const ANSWER_MS = 250;

/** Asks nodes whether they still hear of the publisher of a name. */
export class OwnerQuestions {
  readonly #relay: RelayPlane;
  readonly #waiting = new Map<number, (alive: boolean) => void>();
  #request = 0;

  constructor(relay: RelayPlane) {
    this.#relay = relay;
  }

  /** False also for silence. */
  async ask(name: string): Promise<boolean> {
    this.#request += 1;
    const request = this.#request;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(request, resolve);
    const timer = setTimeout(() => this.answered(request, false), ANSWER_MS);
    if (!this.#relay.send({ type: "ask-owner", request, name })) this.answered(request, false);
    const alive = await promise;
    clearTimeout(timer);
    return alive;
  }

  answered(request: number, alive: boolean): void {
    this.#waiting.get(request)?.(alive);
    this.#waiting.delete(request);
  }
}
