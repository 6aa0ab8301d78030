import { expect, test } from "bun:test";
import { allocatedBytes } from "../support/allocated.ts";
import { fuzzDtls } from "./dtls.ts";

const FIRST_SEED = 1;
/** 40 ms each. `bun run fuzz` runs others, for as long as it is told. */
const CASES = 120;
/** Caches of malloc itself; one session lost in each of 60 cases would be 2.4 MB. */
const MARGIN_BYTES = 512 * 1024;

test("S8: no forged datagram keeps true ends apart, ends them or costs memory, in either role", () => {
  let connected = 0;
  let dropped = 0;
  let restarts = 0;
  let before = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed += 1) {
    // After the first half every cache is as large as it gets.
    if (seed === FIRST_SEED + CASES / 2) before = allocatedBytes();
    try {
      const outcome = fuzzDtls(seed);
      connected += outcome.connected ? 1 : 0;
      dropped += outcome.dropped;
      restarts += outcome.restarts;
    } catch (error) {
      const again = `bun run fuzz --target dtls --seed ${seed} --cases 1`;
      throw new Error(`seed ${seed} (again: ${again})`, { cause: error });
    }
  }
  Bun.gc(true);
  expect(allocatedBytes() - before).toBeLessThan(MARGIN_BYTES);
  expect(connected).toBeGreaterThan(CASES * 0.8);
  expect(dropped).toBeGreaterThan(CASES * 10);
  expect(restarts).toBeGreaterThan(CASES / 10);
}, 240_000);
