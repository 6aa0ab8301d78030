/** Memory in which a byte read or written outside of a region shows. */
import type { Region } from "../../src/srtp/cipher.ts";

/** More than any packet is long. */
const FENCE_BYTES = 4096;
const POISON = [0xde, 0xad, 0xc0, 0xde] as const;

/** Regions between fences of poison. */
export class FencedMemory {
  readonly #regions: { readonly name: string; readonly region: Region }[] = [];

  /** `size` zeroed bytes whose surroundings are poison. */
  readonly allocate = (size: number): Region => {
    const whole = new Uint8Array(size + 2 * FENCE_BYTES);
    for (let i = 0; i < whole.length; i += 1) whole[i] = POISON[i % POISON.length]!;
    const bytes = whole.subarray(FENCE_BYTES, FENCE_BYTES + size).fill(0);
    const region = { bytes, address: 0 };
    this.#regions.push({ name: `region ${this.#regions.length} of ${size} bytes`, region });
    return region;
  };

  /** Throws when somebody wrote outside of a region. */
  check(): void {
    for (const { name, region } of this.#regions) {
      const { buffer, byteOffset, length } = region.bytes;
      const whole = new Uint8Array(buffer);
      const end = byteOffset + length;
      for (let i = 0; i < whole.length; i += 1) {
        if (i === byteOffset) i = end;
        if (whole[i] !== POISON[i % POISON.length]) {
          throw new Error(`${name} was written at ${i - byteOffset}`);
        }
      }
    }
  }
}

/** What native code would find at such a place of a region: it does not stop where the region ends. */
export function nativeBytes(region: Region, offset: number, length: number): Uint8Array {
  return new Uint8Array(region.bytes.buffer, region.bytes.byteOffset + offset, length);
}
