/** Whole numbers of few bytes: seven bits each, the lowest first, the highest bit set but in the last. */

/** Bytes of 2^53. */
const BYTES_MAX = 8;

/** Writes them one behind the other. */
export class Varints {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** 0 to 2^53 - 1. */
  put(value: number): void {
    if (this.#length + BYTES_MAX > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#push((rest % 0x80) | 0x80);
    this.#push(rest);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #push(byte: number): void {
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }
}

/** The number at the cursor, which moves on; NaN where there is none. */
export function readVarint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < BYTES_MAX; i += 1) {
    const byte = bytes[cursor.at];
    if (byte === undefined) break;
    cursor.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
    scale *= 0x80;
  }
  // Nothing behind it can be read, either.
  cursor.at = bytes.length;
  return Number.NaN;
}

/** A number of either sign as one that is not negative. */
export function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

export function unzigzag(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
}
