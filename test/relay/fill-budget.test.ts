import { expect, test } from "bun:test";
import { FillBudget } from "../../src/relay/fill-budget.ts";

test("64 kB at once, then a quarter of what flows, and never more than 160 kB", () => {
  const budget = new FillBudget();
  expect([budget.has(64_001), budget.has(64_000)]).toEqual([false, true]);
  budget.spend(64_000);
  expect([budget.has(1), budget.has(0)]).toEqual([false, true]);
  budget.earn(4_000);
  expect([budget.has(1_001), budget.has(1_000)]).toEqual([false, true]);
  budget.earn(10_000_000);
  expect([budget.has(160_001), budget.has(160_000)]).toEqual([false, true]);
});
