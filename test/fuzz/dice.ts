import { seeded } from "../support/random.ts";

const POOL_BYTES = 65_536;
/** Long runs are taken from a pool; so many bytes at their end are their own. */
const OWN_BYTES = 8;

/** One array of all parts. */
export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** All the chance of one case. */
export class Dice {
  readonly random: () => number;
  readonly #pool = new Uint8Array(POOL_BYTES);

  constructor(seed: number) {
    this.random = seeded(seed);
    const words = new Uint32Array(this.#pool.buffer);
    for (let i = 0; i < words.length; i += 1) words[i] = this.random() * 2 ** 32;
  }

  /** 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Uint8Array {
    const from = this.below(POOL_BYTES - length);
    const bytes = this.#pool.slice(from, from + length);
    for (let i = Math.max(0, length - OWN_BYTES); i < length; i += 1) bytes[i] = this.below(256);
    return bytes;
  }
}
