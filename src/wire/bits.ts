/**
 * Reads bits of codec headers. Past the end it gives zeros and sets `overrun`, so that a parser
 * checks once, at its end. Reused.
 */
export class BitReader {
  overrun = false;
  #bytes: Uint8Array = EMPTY;
  #position = 0;
  #end = 0;
  #escaped = false;
  #zeros = 0;
  #current = 0;
  #left = 0;

  /** `escaped`: skip the emulation prevention bytes of H.264 (7.3.1) and H.265 (7.3.1.1). */
  reset(bytes: Uint8Array, offset: number, length: number, escaped: boolean): void {
    this.#bytes = bytes;
    this.#position = offset;
    this.#end = Math.min(offset + length, bytes.length);
    this.#escaped = escaped;
    this.#zeros = 0;
    this.#left = 0;
    this.overrun = false;
  }

  /** Bits before the next one, counted from the start of the array; only without `escaped`. */
  get position(): number {
    return this.#position * 8 - this.#left;
  }

  bit(): number {
    if (this.#left === 0) this.#load();
    this.#left -= 1;
    return (this.#current >> this.#left) & 1;
  }

  /** An unsigned number of `count` (0..32) bits. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) value = value * 2 + this.bit();
    return value;
  }

  /** Stops at the end of the data, so that a huge count costs nothing. */
  skip(count: number): void {
    for (let i = 0; i < count && !this.overrun; i += 1) this.bit();
  }

  /** Exp-Golomb, unsigned (H.264 9.1); at most 32 leading zeros, else `overrun`. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > 32 || this.overrun) {
        this.overrun = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed (H.264 9.1.1). */
  se(): number {
    const code = this.ue();
    return (code & 1) === 1 ? (code + 1) / 2 : -code / 2;
  }

  #load(): void {
    this.#left = 8;
    if (this.#escaped && this.#zeros >= 2 && this.#bytes[this.#position] === 3) {
      this.#position += 1;
      this.#zeros = 0;
    }
    if (this.#position >= this.#end) {
      this.overrun = true;
      this.#current = 0;
      return;
    }
    this.#current = this.#bytes[this.#position]!;
    this.#position += 1;
    this.#zeros = this.#current === 0 ? this.#zeros + 1 : 0;
  }
}

const EMPTY = new Uint8Array(0);
