/** Who waits for something that comes soon, each for a while: requests that are answered later. */

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

export interface WaitersOptions {
  /** Of all addresses, and of one. */
  readonly max: number;
  readonly maxOfAddress: number;
}

interface Entry extends Waiting {
  readonly resolve: (came: boolean) => void;
}

/** Requests that wait. Whoever makes something come calls `look`. */
export class Waiters {
  readonly #options: WaitersOptions;
  readonly #entries = new Set<Entry>();
  readonly #ofAddress = new Map<string, number>();

  constructor(options: WaitersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Resolves to whether it came in time: false too when the client has gone. Null: no place is left. */
  wait(waiting: Waiting): Promise<boolean> | null {
    if (waiting.isOver()) return Promise.resolve(true);
    if (waiting.signal.aborted) return Promise.resolve(false);
    const { address, signal } = waiting;
    const mine = address === null ? 0 : (this.#ofAddress.get(address) ?? 0);
    if (this.#entries.size >= this.#options.max || mine >= this.#options.maxOfAddress) return null;
    if (address !== null) this.#ofAddress.set(address, mine + 1);
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
    const { address } = entry;
    if (address !== null) {
      const left = this.#ofAddress.get(address)! - 1;
      if (left === 0) this.#ofAddress.delete(address);
      else this.#ofAddress.set(address, left);
    }
    entry.resolve(came);
  }
}
