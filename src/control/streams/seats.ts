import { HELD_REQUESTS_MAX, HELD_REQUESTS_OF_ADDRESS_MAX } from "../../limits.ts";

export interface SeatsOptions {
  /** Of all addresses, and of one. */
  readonly max: number;
  readonly maxOfAddress: number;
}

/** A server's. */
export const HELD_REQUESTS: SeatsOptions = {
  max: HELD_REQUESTS_MAX,
  maxOfAddress: HELD_REQUESTS_OF_ADDRESS_MAX,
};

/** Places for requests that stay open: so many in all, and so many of one address. */
export class Seats {
  readonly #options: SeatsOptions;
  readonly #ofAddress = new Map<string, number>();
  #taken = 0;

  constructor(options: SeatsOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False: none is left. `address`: null for one that none is counted for. */
  take(address: string | null): boolean {
    const mine = address === null ? 0 : (this.#ofAddress.get(address) ?? 0);
    if (this.#taken >= this.#options.max || mine >= this.#options.maxOfAddress) return false;
    if (address !== null) this.#ofAddress.set(address, mine + 1);
    this.#taken += 1;
    return true;
  }

  /** What `take` gave. */
  free(address: string | null): void {
    this.#taken -= 1;
    if (address === null) return;
    const left = this.#ofAddress.get(address)! - 1;
    if (left === 0) this.#ofAddress.delete(address);
    else this.#ofAddress.set(address, left);
  }
}
