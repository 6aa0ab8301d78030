import { randomFillSync, randomInt } from "node:crypto";

/** 2^48 - 1 is the widest range that node:crypto draws from. */
const STEPS = 2 ** 48 - 1;

/** Uniform in [0, 1) from the system's generator: what Math.random is to code that may be guessed. */
export function randomUnit(): number {
  return randomInt(STEPS) / STEPS;
}

/** Fills `out` from the same generator: keys, transaction ids. */
export function randomFill(out: Uint8Array): void {
  randomFillSync(out);
}
