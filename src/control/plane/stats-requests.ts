import type { SessionStats } from "../../contract/statistics.ts";

/** A worker that does not answer in this time has nothing to say. */
const STATS_TIMEOUT_MS = 1_000;

interface Request<Worker> {
  readonly worker: Worker;
  readonly resolve: (sessions: readonly SessionStats[]) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Who waits for which worker's statistics. A late or lost worker costs its own part only. */
export class StatsRequests<Worker> {
  readonly #waiting = new Map<number, Request<Worker>>();
  #next = 1;

  /**
   * Calls `send` with a new request's number; it tells whether there is a thread to answer. Resolves
   * with the answer, or with nothing when none comes in time.
   */
  ask(worker: Worker, send: (request: number) => boolean): Promise<readonly SessionStats[]> {
    const request = this.#next;
    this.#next += 1;
    const { promise, resolve } = Promise.withResolvers<readonly SessionStats[]>();
    const timer = setTimeout(() => this.answer(request, []), STATS_TIMEOUT_MS);
    this.#waiting.set(request, { worker, resolve, timer });
    if (!send(request)) this.answer(request, []);
    return promise;
  }

  /** An answer that comes too late is of no use any more. */
  answer(request: number, sessions: readonly SessionStats[]): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return;
    this.#waiting.delete(request);
    clearTimeout(waiting.timer);
    waiting.resolve(sessions);
  }

  /** The worker's thread has ended: it answers nothing any more. */
  gone(worker: Worker): void {
    for (const [request, waiting] of this.#waiting) {
      if (waiting.worker === worker) this.answer(request, []);
    }
  }
}
