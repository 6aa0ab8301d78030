import type { Sink } from "./bus.ts";

/** Knows whether new sessions may come, and wakes those who wait for the last to go. */
export class Gate {
  draining = false;
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  /** Resolves when `done` says so, now or after a change. */
  whenEmpty(done: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ done, resolve });
    this.#look();
    return promise;
  }

  readonly hear: Sink = (event) => {
    if (event.type === "gone") this.#look();
  };

  #look(): void {
    for (const { done, resolve } of this.#waiting) if (done()) resolve();
  }
}
