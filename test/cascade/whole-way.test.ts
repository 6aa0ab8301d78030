import { expect, test } from "bun:test";
import type { Link } from "../../src/cascade/link.ts";
import { wholeWay } from "../../src/cascade/whole-way.ts";

const link = (roundTripUs: number, newestUs = roundTripUs): Link =>
  ({ time: { roundTripUs, newestUs, oneWayUs: roundTripUs / 2 } }) as Link;

const trips: Record<string, number> = { "r a": 40_000, "a b": 2_000 };
const tripBetween = (a: string, b: string): number | null => trips[`${a} ${b}`] ?? null;

test("cascade-ways: a way is as long as its parts, with what waits on the link and a bit for each node", () => {
  expect(wholeWay(link(20_000), ["r"], tripBetween)).toBe(10_000);
  expect(wholeWay(link(20_000, 50_000), ["r"], tripBetween)).toBe(40_000);
  expect(wholeWay(link(20_000), ["r", "a"], tripBetween)).toBe(10_000 + 10_000 + 20_000);
  expect(wholeWay(link(20_000), ["r", "a", "b"], tripBetween)).toBe(10_000 + 20_000 + 21_000);
  // Of a part nobody tells.
  expect(wholeWay(link(20_000), ["r", "c"], tripBetween)).toBe(20_000);
});
