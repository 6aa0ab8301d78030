import { expect, test } from "bun:test";
import { Capacity } from "../../../src/control/plane/capacity.ts";
import { VIEWER_BITS_ASSUMED } from "../../../src/limits.ts";

test("without a limit it is never reached", () => {
  const capacity = new Capacity(null);
  for (let i = 0; i < 10_000; i += 1) capacity.came();
  capacity.look(1e12, 10_000);
  expect([capacity.share, capacity.reached]).toEqual([0, false]);
});

test("a crowd that comes before anything was measured counts with what is expected of it", () => {
  const capacity = new Capacity(4 * VIEWER_BITS_ASSUMED);
  for (let i = 0; i < 3; i += 1) capacity.came();
  expect(capacity.reached).toBeFalse();
  capacity.came();
  expect(capacity.reached).toBeTrue();
  // Within the second in which they came they were sent little.
  capacity.look(100_000, 4);
  expect(capacity.reached).toBeTrue();
  // They watch something small.
  capacity.look(400_000, 4);
  expect(capacity.share).toBeCloseTo(0.04);
});

test("a newcomer counts as much as one of those who are there, and who leaves no more", () => {
  const capacity = new Capacity(10e6);
  capacity.look(9e6, 9);
  capacity.came();
  expect(capacity.share).toBeCloseTo(1);
  expect(capacity.reached).toBeTrue();
  capacity.look(9.2e6, 10);
  expect(capacity.reached).toBeTrue();
  capacity.look(9.9e6, 10);
  expect(capacity.reached).toBeFalse();
  capacity.look(2e6, 2);
  expect(capacity.share).toBeCloseTo(0.2);
});
