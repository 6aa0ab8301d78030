import { expect, test } from "bun:test";
import { CATCH_UP_BITS_MIN, CATCH_UP_BURST_BYTES, CATCH_UP_INTERVAL_US } from "../../src/limits.ts";
import { Pace } from "../../src/relay/pace.ts";

const BYTES = 1_200;
const SECOND = 1_000_000;

/** Bytes that leave in so long where there is no end of them, looked at so often. */
function leaves(pace: Pace, from: number, us: number, lookUs = CATCH_UP_INTERVAL_US): number {
  let bytes = 0;
  for (let now = from; now < from + us; now += lookUs) {
    while (pace.dueAt <= now) {
      pace.left(BYTES, now);
      bytes += BYTES;
    }
  }
  return bytes;
}

test("cascade-pace: at twice the rate at which it is sent, and a keyframe's packets at once", () => {
  for (const measured of [900_000, 2_500_000, 20_000_000, 60_000_000]) {
    const pace = new Pace();
    pace.measured = measured;
    const wanted = (2 * measured) / 8;
    const burst = Math.max(CATCH_UP_BURST_BYTES, wanted * 0.008) + BYTES;
    const bytes = leaves(pace, 0, SECOND);
    expect(bytes).toBeLessThanOrEqual(wanted + burst);
    expect(bytes).toBeGreaterThanOrEqual(0.98 * wanted);
    // After a while in which nothing was to leave there is one burst again, and no more.
    expect(leaves(pace, 60 * SECOND, 1)).toBeLessThanOrEqual(burst);
    expect(leaves(pace, 60 * SECOND, 1)).toBe(0);
  }
});

test("cascade-pace: of what is small or not known yet 1 Mb/s", () => {
  for (const measured of [0, 30_000, 500_000]) {
    const pace = new Pace();
    pace.measured = measured;
    const bytes = leaves(pace, 0, SECOND) - CATCH_UP_BURST_BYTES;
    expect(Math.abs(bytes * 8 - CATCH_UP_BITS_MIN)).toBeLessThan(0.03 * CATCH_UP_BITS_MIN);
  }
});

test("cascade-pace: a group that is more than what is sent now leaves in half of its time", () => {
  const pace = new Pace();
  pace.measured = 400_000;
  pace.begin(4_000_000);
  const group = leaves(pace, 0, SECOND);
  expect(Math.abs(group - CATCH_UP_BURST_BYTES - SECOND)).toBeLessThan(20_000);
  pace.begin(0);
  expect(leaves(pace, SECOND, SECOND)).toBeLessThan(130_000);
});

test("who looks seldom loses little of it", () => {
  const pace = new Pace();
  pace.measured = 20_000_000;
  const often = leaves(pace, 0, SECOND, 1_000);
  expect(leaves(pace, 2 * SECOND, SECOND, 6_000)).toBeGreaterThan(0.95 * often);
});

test("cascade-pace: a group of which much gets lost leaves a bit faster than it is sent, and the next as before", () => {
  const pace = new Pace();
  pace.begin(4_000_000);
  leaves(pace, 0, 100_000);
  // As many as get lost by chance.
  pace.asked(15);
  expect(pace.bits).toBe(8_000_000);
  pace.asked(15);
  expect(pace.bits).toBe(5_000_000);
  pace.begin(0);
  pace.measured = 4_000_000;
  expect(pace.bits).toBe(8_000_000);
  // Of a few nothing is known, and what is asked for later is no group.
  pace.begin(4_000_000);
  pace.asked(20);
  expect(pace.bits).toBe(8_000_000);
  pace.begin(0);
  leaves(pace, 200_000, 100_000);
  pace.asked(100);
  expect(pace.bits).toBe(8_000_000);
});
