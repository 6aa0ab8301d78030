import { expect, test } from "bun:test";
import { Budget, JOIN_RATE } from "../../src/bench/budget.ts";

const START_US = 5e6;

test("two minutes have room for a warm-up, ten seconds do not", () => {
  expect(new Budget(120, 0).shares).toEqual({ floor: 2, warmUp: 14, step: 4 });
  expect(new Budget(10, 0).shares).toEqual({ floor: 0.5, warmUp: 0, step: 2 });
  for (const seconds of [10, 30, 60, 120, 3600]) {
    const { floor, warmUp, step } = new Budget(seconds, 0).shares;
    expect(2 * floor + warmUp + step).toBeLessThan(seconds / 2);
  }
});

test("a step fits when it is over before the end", () => {
  const budget = new Budget(100, START_US);
  expect(budget.leftSeconds(START_US)).toBe(98);
  expect(budget.leftSeconds(START_US + 200e6)).toBe(0);
  expect(budget.fits(2 * JOIN_RATE, START_US + 80e6)).toBe(true);
  expect(budget.fits(20 * JOIN_RATE, START_US + 80e6)).toBe(false);
  expect(budget.fits(1, START_US + 97e6)).toBe(false);
});

test("a machine that is slow to begin and to end is believed", () => {
  const budget = new Budget(60, 0);
  expect(budget.fits(JOIN_RATE, 50e6)).toBe(true);
  budget.noteStep(JOIN_RATE, 20);
  expect(budget.fits(JOIN_RATE, 50e6)).toBe(false);
  expect(budget.fits(JOIN_RATE, 30e6)).toBe(true);
});
