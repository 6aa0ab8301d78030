import { expect, test } from "bun:test";
import { randomUnit } from "../../src/io/random.ts";

test("draws lie in [0, 1), spread over it and do not repeat", () => {
  const draws = Array.from({ length: 1000 }, randomUnit);
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  expect(new Set(draws).size).toBe(1000);
  // 100 expected in each tenth; 50 is more than five standard deviations off.
  for (let tenth = 0; tenth < 10; tenth += 1) {
    expect(draws.filter((draw) => Math.floor(draw * 10) === tenth).length).toBeGreaterThan(50);
  }
});
