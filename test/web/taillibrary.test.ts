import { expect, test } from "bun:test";
import { TAIL_CONFIG } from "../../src/web/taillibrary.ts";

/** Of `hls-part`, in seconds. */
const PART_MIN_S = 0.2;

test("F16: what is looked up may be off by less than half of the shortest part", () => {
  expect(TAIL_CONFIG.maxFragLookUpTolerance).toBeGreaterThan(0);
  expect(TAIL_CONFIG.maxFragLookUpTolerance).toBeLessThan(PART_MIN_S / 2);
});

test("F17: a stall adds a quarter of a second to what is aimed at, not a whole one", () => {
  expect(TAIL_CONFIG.liveSyncOnStallIncrease).toBeLessThanOrEqual(0.25);
});
