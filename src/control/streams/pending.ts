import { addressGroup } from "../plane/address-group.ts";

/** What of a session tells whose it is. */
interface Counted {
  readonly kind: "publisher" | "viewer";
  readonly address: string;
  readonly tokenHash: string | null;
}

/** Sessions that are not connected yet, counted by whom they are of. */
export class PendingSessions {
  readonly #counts = new Map<string, number>();

  add(session: Counted): void {
    for (const key of keysOf(session)) this.#counts.set(key, this.#of(key) + 1);
  }

  remove(session: Counted): void {
    for (const key of keysOf(session)) {
      const left = this.#of(key) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }

  /** Publishers and viewers of this client (address or /64). */
  ofAddress(address: string): number {
    return this.#of(addressKey(address));
  }

  publishersOfAddress(address: string): number {
    return this.#of(`publisher ${addressKey(address)}`);
  }

  publishersOfToken(tokenHash: string): number {
    return this.#of(tokenKey(tokenHash));
  }

  /** Keys that are held, for the tests of leaks. */
  get size(): number {
    return this.#counts.size;
  }

  #of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

function keysOf({ kind, address, tokenHash }: Counted): string[] {
  const keys = [addressKey(address)];
  if (kind === "viewer") return keys;
  keys.push(`publisher ${addressKey(address)}`);
  if (tokenHash !== null) keys.push(tokenKey(tokenHash));
  return keys;
}

function addressKey(address: string): string {
  return `address ${addressGroup(address)}`;
}

function tokenKey(tokenHash: string): string {
  return `token ${tokenHash}`;
}
