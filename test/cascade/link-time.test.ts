import { expect, test } from "bun:test";
import { LinkTime } from "../../src/cascade/link-time.ts";

test("the shortest of the last eight is the way; what the other end held does not count", () => {
  const time = new LinkTime();
  expect([time.known, time.roundTripUs, time.oneWayUs]).toEqual([false, 100_000, 0]);
  time.note(0, 5_000, 25_000);
  expect([time.known, time.roundTripUs, time.oneWayUs]).toEqual([true, 20_000, 10_000]);
  for (let i = 0; i < 7; i += 1) time.note(0, 0, 50_000);
  expect([time.roundTripUs, time.newestUs]).toEqual([20_000, 50_000]);
  time.note(0, 0, 40_000);
  expect([time.roundTripUs, time.newestUs]).toEqual([40_000, 40_000]);
});

test("a round trip that cannot be is none", () => {
  const time = new LinkTime();
  time.note(10_000, 0, 9_000);
  time.note(0, 30_000, 20_000);
  expect(time.known).toBeFalse();
});

test("how long and how often it was asked without an answer", () => {
  const time = new LinkTime();
  expect([time.unanswered, time.unansweredUs(500)]).toEqual([0, 0]);
  for (const at of [1_000, 2_000, 3_000]) time.asked(at);
  expect([time.unanswered, time.unansweredUs(5_000)]).toEqual([3, 4_000]);
  time.note(2_000, 0, 5_000);
  expect([time.unanswered, time.unansweredUs(9_000)]).toEqual([0, 0]);
});
