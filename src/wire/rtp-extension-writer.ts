import { assert } from "../assert.ts";
import { writeU16 } from "./bytes.ts";
import { ONE_BYTE_PROFILE, TWO_BYTE_PROFILE } from "./rtp-extensions.ts";

/** No more distinct extensions exist (src/wire/extensions.ts). */
const ELEMENTS_MAX = 16;

/**
 * Collects elements, then writes the block. One-byte form when every id is 1..14 and every length
 * 1..16, else two-byte form (RFC 8285 4.2, 4.3), which the peer must have allowed by
 * extmap-allow-mixed. Elements refer to the caller's bytes until `write`.
 */
export class ExtensionWriter {
  readonly #ids = new Uint8Array(ELEMENTS_MAX);
  readonly #offsets = new Uint32Array(ELEMENTS_MAX);
  readonly #lengths = new Uint16Array(ELEMENTS_MAX);
  readonly #sources: Uint8Array[] = new Array<Uint8Array>(ELEMENTS_MAX).fill(new Uint8Array(0));
  #count = 0;
  #twoByte = false;
  #dataBytes = 0;

  reset(): void {
    this.#count = 0;
    this.#twoByte = false;
    this.#dataBytes = 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds `length` bytes (0..255) of `source` at `offset` under `id` (1..255). */
  add(id: number, source: Uint8Array, offset: number, length: number): void {
    assert(this.#count < ELEMENTS_MAX, "extension elements fit");
    assert(id >= 1 && id <= 255 && length >= 0 && length <= 255, "extension id and length");
    const index = this.#count;
    this.#ids[index] = id;
    this.#offsets[index] = offset;
    this.#lengths[index] = length;
    this.#sources[index] = source;
    this.#count = index + 1;
    this.#dataBytes += length;
    if (id > 14 || length === 0 || length > 16) this.#twoByte = true;
  }

  /** Length of the block that `write` makes; 0 without elements (then leave the X bit clear). */
  get blockLength(): number {
    if (this.#count === 0) return 0;
    const elements = this.#dataBytes + this.#count * (this.#twoByte ? 2 : 1);
    return 4 + ((elements + 3) & ~3);
  }

  /** Writes the block, padded with zeros to whole words. Returns its length. */
  write(out: Uint8Array, offset: number): number {
    const blockLength = this.blockLength;
    if (blockLength === 0) return 0;
    assert(offset + blockLength <= out.length, "an extension block fits");
    writeU16(out, offset, this.#twoByte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
    writeU16(out, offset + 2, (blockLength - 4) >> 2);
    let position = offset + 4;
    for (let i = 0; i < this.#count; i += 1) {
      const length = this.#lengths[i]!;
      if (this.#twoByte) {
        out[position] = this.#ids[i]!;
        out[position + 1] = length;
        position += 2;
      } else {
        out[position] = (this.#ids[i]! << 4) | (length - 1);
        position += 1;
      }
      const source = this.#sources[i]!;
      const start = this.#offsets[i]!;
      // Elements are a few bytes long: a loop is faster than a view and a copy.
      for (let j = 0; j < length; j += 1) out[position + j] = source[start + j]!;
      position += length;
    }
    const end = offset + blockLength;
    while (position < end) {
      out[position] = 0;
      position += 1;
    }
    return blockLength;
  }
}
