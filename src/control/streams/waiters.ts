/** Who waits for something that comes soon, each for a while: requests that are answered later. */
import type { Seats } from "./seats.ts";

export interface Waiting {
  /** Whose it is: an address has its share of the places. Null: one that none is counted for. */
  readonly address: string | null;
  /** us, of the clock that `look` is given. */
  readonly until: number;
  /** The client has gone. */
  readonly signal: AbortSignal;
  /** What it waits for has come, or will not. */
  readonly isOver: () => boolean;
}

interface Entry extends Waiting {
  readonly resolve: (came: boolean) => void;
}

/** Requests that wait. Whoever makes something come calls `look`. */
export class Waiters {
  readonly #seats: Seats;
  readonly #entries = new Set<Entry>();

  constructor(seats: Seats) {
    this.#seats = seats;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Resolves to whether it came in time: false too when the client has gone. Null: no place is left. */
  wait(waiting: Waiting): Promise<boolean> | null {
    if (waiting.isOver()) return Promise.resolve(true);
    if (waiting.signal.aborted) return Promise.resolve(false);
    const { address, signal } = waiting;
    if (!this.#seats.take(address)) return null;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = (): void => this.#leave(entry, false);
    const entry: Entry = {
      ...waiting,
      resolve: (came) => {
        signal.removeEventListener("abort", leave);
        resolve(came);
      },
    };
    this.#entries.add(entry);
    signal.addEventListener("abort", leave);
    return promise;
  }

  /** Lets those go for whom it has come, and those whose time is over at `now`, us. */
  look(now: number): void {
    for (const entry of this.#entries) {
      if (entry.isOver()) this.#leave(entry, true);
      else if (now >= entry.until) this.#leave(entry, false);
    }
  }

  #leave(entry: Entry, came: boolean): void {
    if (!this.#entries.delete(entry)) return;
    this.#seats.free(entry.address);
    entry.resolve(came);
  }
}
