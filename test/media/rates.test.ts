import { expect, test } from "bun:test";
import { Rate } from "../../src/media/rate.ts";
import { RembSchedule } from "../../src/media/remb-schedule.ts";
import { RoundTrip } from "../../src/media/round-trip.ts";

test("Rate: what came in the last second", () => {
  const rate = new Rate();
  for (let now = 0; now < 3_000_000; now += 10_000) rate.add(now, 5);
  expect(rate.perSecond(2_990_000)).toBe(500);
  expect(rate.perSecond(3_440_000)).toBe(250);
  expect(rate.perSecond(9_000_000)).toBe(0);
  rate.add(9_100_000, 7);
  expect(rate.perSecond(9_150_000)).toBe(7);
});

test("RembSchedule: at once for each new track, then every second", () => {
  const remb = new RembSchedule(1_000_000);
  expect(remb.take(0, 0)).toBe(false);
  expect(remb.nextTimeout(0)).toBe(Number.POSITIVE_INFINITY);
  expect(remb.take(5, 1)).toBe(true);
  expect(remb.take(6, 1)).toBe(false);
  expect(remb.take(7, 2)).toBe(true);
  expect(remb.nextTimeout(2)).toBe(1_000_007);
  expect(remb.take(1_000_006, 2)).toBe(false);
  expect(remb.take(1_000_007, 2)).toBe(true);
});

test("RoundTrip: the first sample counts whole, later ones by an eighth, all bounded", () => {
  const roundTrip = new RoundTrip();
  expect([roundTrip.us, roundTrip.measured]).toEqual([50_000, false]);
  roundTrip.sample(10_000);
  expect([roundTrip.us, roundTrip.measured]).toEqual([10_000, true]);
  roundTrip.sample(18_000);
  expect(roundTrip.us).toBe(11_000);
  roundTrip.sample(9e9);
  expect(roundTrip.us).toBe(11_000 + (500_000 - 11_000) / 8);
});
