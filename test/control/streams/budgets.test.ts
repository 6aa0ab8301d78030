import { expect, test } from "bun:test";
import { Budgets } from "../../../src/control/streams/budgets.ts";

const SECOND_US = 1_000_000;

function passes(budgets: Budgets, now: number, key: string): number {
  let count = 0;
  while (budgets.take(now, key, 1)) count += 1;
  return count;
}

test("each has so many at once, and then what time brings", () => {
  const budgets = new Budgets({ perSecond: 1, burst: 5, max: 10 });
  expect([passes(budgets, 0, "a"), passes(budgets, 0, "b")]).toEqual([5, 5]);
  expect(passes(budgets, 2 * SECOND_US, "a")).toBe(2);
  expect(passes(budgets, 100 * SECOND_US, "a")).toBe(5);
});

test("who has all of it again is forgotten, and beyond the maximum who was quiet longest", () => {
  const budgets = new Budgets({ perSecond: 1, burst: 5, max: 2 });
  passes(budgets, 0, "a");
  budgets.take(0, "b", 1);
  budgets.sweep(1.1 * SECOND_US);
  expect(budgets.size).toBe(1);
  passes(budgets, 1.1 * SECOND_US, "b");
  passes(budgets, 1.1 * SECOND_US, "c");
  expect(budgets.size).toBe(2);
  expect(passes(budgets, 1.1 * SECOND_US, "a")).toBe(5);
});
