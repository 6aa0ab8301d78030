import { expect, test } from "bun:test";
import { fuzzArchive } from "./archive.ts";

const FIRST_SEED = 1;
/** `bun run fuzz` runs others, for as long as it is told. */
const CASES = 20;

test("fuzz: whatever a disk does, a recording gives back what it says it has, and leaves nothing behind", async () => {
  let read = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      read += await fuzzArchive(seed);
    } catch (error) {
      const again = `bun run fuzz --target archive --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(read).toBeGreaterThan(CASES * 30);
}, 60_000);
