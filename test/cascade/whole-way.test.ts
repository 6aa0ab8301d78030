import { expect, test } from "bun:test";
import type { Link } from "../../src/cascade/link.ts";
import { LinkTime } from "../../src/cascade/link-time.ts";
import { wholeWay } from "../../src/cascade/whole-way.ts";

function link(...roundTripsUs: number[]): Link {
  const time = new LinkTime();
  for (const [at, us] of roundTripsUs.entries()) time.note(at, 0, at + us);
  return { time } as Link;
}

const trips: Record<string, number> = { "r a": 40_000, "a b": 2_000 };
const tripBetween = (a: string, b: string): number | null => trips[`${a} ${b}`] ?? null;

test("cascade-ways: a way is as long as its parts where nothing waits, and a bit for each node", () => {
  expect(wholeWay(link(20_000), ["r"], tripBetween)).toBe(10_000);
  expect(wholeWay(link(20_000, 50_000), ["r"], tripBetween)).toBe(10_000);
  expect(wholeWay(link(20_000), ["r", "a"], tripBetween)).toBe(10_000 + 10_000 + 20_000);
  expect(wholeWay(link(20_000), ["r", "a", "b"], tripBetween)).toBe(10_000 + 20_000 + 21_000);
});

test("cascade-ways: a way is not known of which some part is not", () => {
  expect(wholeWay(link(), ["r"], tripBetween)).toBeNull();
  expect(wholeWay(link(20_000), ["r", "c"], tripBetween)).toBeNull();
});
