import { expect, test } from "bun:test";
import { Delays } from "../../src/media/delays.ts";

test("quantiles are right to a quarter, and never beyond the longest", () => {
  const delays = new Delays(10);
  for (let us = 1; us <= 1000; us += 1) delays.note(us);
  expect(delays.quantile(0.5)).toBeWithin(500, 626);
  expect(delays.quantile(0.99)).toBeWithin(990, 1_001);
  expect(delays.longest).toBe(1000);
});

test("what is below the least is told as the least, and after a clear there is nothing", () => {
  const delays = new Delays(10);
  for (const us of [1, 2, 40]) delays.note(us);
  expect(delays.quantile(0.5)).toBe(10);
  delays.clear();
  expect([delays.quantile(0.5), delays.longest]).toEqual([0, 0]);
});
