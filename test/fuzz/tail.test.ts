import { expect, test } from "bun:test";
import { fuzzTail } from "./tail.ts";

const FIRST_SEED = 1;
/** Some tenths of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 10;

test("fuzz: F11: whatever rings hold, tails keep their rules, and true media is shown behind it", () => {
  let parts = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      parts += fuzzTail(seed);
    } catch (error) {
      const again = `bun run fuzz --target tail --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(parts).toBeGreaterThan(CASES * 15);
}, 120_000);
