import { expect, test } from "bun:test";
import { fuzzFrames } from "./frames.ts";

const FIRST_SEED = 1;
/** Some hundredths of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 20;

test("fuzz: F11: whatever packets say, what comes out are samples, and true frames come behind it", () => {
  let frames = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      frames += fuzzFrames(seed);
    } catch (error) {
      const again = `bun run fuzz --target frames --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(frames).toBeGreaterThan(CASES * 20);
}, 60_000);
