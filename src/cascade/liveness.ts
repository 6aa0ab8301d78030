/** A parent tells at least so often that it is there, while it has children. */
export const HEARTBEAT_US = 25_000;
/** Eight of them in a row do not get lost by chance: 10 % loss does that once in 700 hours. */
const SILENCE_DEAD_US = 8 * HEARTBEAT_US;

/**
 * Whether the other end of a link still sends. Only the kernel's receive stamps count, and only what
 * was read when the socket was empty: a thread that was late finds what came meanwhile there, and
 * declares nobody dead for its own lateness.
 */
export class Liveness {
  #heardAt: number;
  /** Told to be dead, and not heard of since. */
  #silent = false;

  constructor(now: number) {
    this.#heardAt = now;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** Something authentic came at `arrival`, by the kernel's stamp. */
  heard(arrival: number): void {
    if (arrival > this.#heardAt) this.#heardAt = arrival;
    this.#silent = false;
  }

  /**
   * All that had come by `readAt` was read. True once when that shows that the other end is silent;
   * `expected`: it owes a heartbeat.
   */
  judge(readAt: number, expected: boolean): boolean {
    if (!expected || !this.mayBeSilent(readAt)) return false;
    this.#silent = true;
    return true;
  }

  /** Whether to ask `judge` at all. */
  mayBeSilent(readAt: number): boolean {
    return !this.#silent && readAt - this.#heardAt >= SILENCE_DEAD_US;
  }

  /** When a `judge` may find it silent. */
  dueAt(expected: boolean): number {
    return expected && !this.#silent ? this.#heardAt + SILENCE_DEAD_US : Number.POSITIVE_INFINITY;
  }
}
