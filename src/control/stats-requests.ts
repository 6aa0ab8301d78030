import type { SessionStats } from "../contract/statistics.ts";

const TIMEOUT_MS = 1_000;

/** Who waits for which worker's statistics. */
export class StatsRequests {
  readonly #waiting = new Map<number, (sessions: readonly SessionStats[]) => void>();
  #next = 1;

  /** Calls `send` with a new request's number; resolves with its answer, or with none in time. */
  ask(send: (request: number) => void): Promise<readonly SessionStats[]> {
    const request = this.#next;
    this.#next += 1;
    const { promise, resolve } = Promise.withResolvers<readonly SessionStats[]>();
    const timer = setTimeout(() => this.answer(request, []), TIMEOUT_MS);
    this.#waiting.set(request, (sessions) => {
      clearTimeout(timer);
      resolve(sessions);
    });
    send(request);
    return promise;
  }

  answer(request: number, sessions: readonly SessionStats[]): void {
    this.#waiting.get(request)?.(sessions);
    this.#waiting.delete(request);
  }
}
