import { expect, test } from "bun:test";
import { Liveness } from "../../src/cascade/liveness.ts";

test("cascade-stamps: a parent of which nothing came for 200 ms is silent: told once, until it is heard again", () => {
  const liveness = new Liveness(1_000_000);
  expect(liveness.dueAt(true)).toBe(1_200_000);
  expect(liveness.judge(1_199_999, true)).toBeFalse();
  expect(liveness.judge(1_200_000, true)).toBeTrue();
  expect(liveness.silent).toBeTrue();
  expect(liveness.judge(1_300_000, true)).toBeFalse();
  expect(liveness.dueAt(true)).toBe(Number.POSITIVE_INFINITY);
  liveness.heard(1_310_000);
  expect(liveness.silent).toBeFalse();
  expect(liveness.judge(1_509_999, true)).toBeFalse();
  expect(liveness.judge(1_510_000, true)).toBeTrue();
});

test("cascade-stamps: a reader that was late finds what came meanwhile, and declares nobody dead", () => {
  const liveness = new Liveness(0);
  // It stood still for a second; the datagrams in its socket bear the kernel's stamps.
  for (let arrival = 25_000; arrival < 1_000_000; arrival += 25_000) liveness.heard(arrival);
  expect(liveness.judge(1_000_000, true)).toBeFalse();
  expect(liveness.heardAt).toBe(975_000);
});

test("cascade-stamps: a stamp of earlier, out of order, sets nothing back", () => {
  const liveness = new Liveness(0);
  liveness.heard(500_000);
  liveness.heard(100_000);
  expect(liveness.heardAt).toBe(500_000);
});

test("who owes no heartbeat is never silent", () => {
  const liveness = new Liveness(0);
  expect(liveness.judge(60_000_000, false)).toBeFalse();
  expect(liveness.dueAt(false)).toBe(Number.POSITIVE_INFINITY);
});
