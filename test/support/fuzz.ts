import { seeded } from "./random.ts";

export const FUZZ_INPUTS = 10_000;

/**
 * Calls `body` with random inputs and with mutations of `samples`: a view inside a larger buffer, at
 * an offset that is not 0, whose surroundings are noise. The seed and the input are in the error.
 */
export function fuzz(
  seed: number,
  samples: readonly Uint8Array[],
  body: (bytes: Uint8Array, offset: number, length: number) => void,
): void {
  const random = seeded(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < FUZZ_INPUTS; round += 1) {
    const buffer = new Uint8Array(2048);
    const offset = pick(16);
    const sample = samples.length === 0 || pick(4) === 0 ? null : samples[pick(samples.length)]!;
    let length = sample === null ? pick(100) : sample.length;
    for (let i = 0; i < offset + length + 16; i += 1) buffer[i] = pick(256);
    if (sample !== null) {
      buffer.set(sample, offset);
      for (let i = pick(5); i > 0; i -= 1) buffer[offset + pick(length)] = pick(256);
      if (pick(3) === 0) length = pick(length + 1);
    }
    try {
      body(buffer, offset, length);
    } catch (error) {
      const hex = Buffer.from(buffer.subarray(offset, offset + length)).toString("hex");
      throw new Error(`seed ${seed} round ${round} input ${hex}`, { cause: error });
    }
  }
}
