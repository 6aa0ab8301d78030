import { expect, test } from "bun:test";
import { fuzzTcp } from "./tcp.ts";

const FIRST_SEED = 1;
/** Some hundredths of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 20;

test("fuzz: frames of a connection come whole and in order, however it is cut", () => {
  let frames = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      frames += fuzzTcp(seed);
    } catch (error) {
      const again = `bun run fuzz --target tcp --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(frames).toBeGreaterThan(CASES * 100);
}, 60_000);
