import { expect, test } from "bun:test";
import { fuzzCascade } from "./cascade.ts";

const FIRST_SEED = 1;
/** A tenth of a second each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 25;

test("fuzz: a member that lies ends nothing but its own link and spoils nothing but its own stream", () => {
  let lies = 0;
  let ended = 0;
  let taken = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    try {
      const outcome = fuzzCascade(seed);
      lies += outcome.lies;
      ended += outcome.ended;
      taken += outcome.taken;
    } catch (error) {
      const again = `bun run fuzz --target cascade --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  expect(lies).toBeGreaterThan(CASES * 1_000);
  expect(ended).toBeGreaterThan(0);
  expect(taken).toBeGreaterThan(0);
}, 120_000);
