import { expect, test } from "bun:test";
import { LinkTime } from "../../src/cascade/link-time.ts";

test("the shortest of the last eight is the way; what the other end held does not count", () => {
  const time = new LinkTime();
  expect([time.known, time.roundTripUs, time.oneWayUs]).toEqual([false, 100_000, 0]);
  time.note(1_000_000, 5_000, 1_025_000);
  expect([time.known, time.roundTripUs, time.oneWayUs]).toEqual([true, 20_000, 10_000]);
  for (let at = 2_000_000; at < 9_000_000; at += 1_000_000) time.note(at, 0, at + 50_000);
  expect([time.roundTripUs, time.newestUs]).toEqual([20_000, 50_000]);
  time.note(9_000_000, 0, 9_040_000);
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
  expect(time.askedAt).toBe(1_000);
  time.note(2_000, 0, 5_000);
  expect([time.unanswered, time.unansweredUs(9_000)]).toEqual([0, 0]);
});

test("cascade-echo: an answer that comes once more, or behind that to a later ping, says nothing", () => {
  const time = new LinkTime();
  expect(time.note(1_000, 0, 21_000)).toBeTrue();
  expect(time.note(2_000, 0, 22_000)).toBeTrue();
  time.asked(30_000);
  for (const sentAt of [2_000, 1_000, 1_500]) expect(time.note(sentAt, 0, 3_000_000)).toBeFalse();
  expect([time.newestUs, time.unanswered]).toEqual([20_000, 1]);
  // Of a ping that has not left yet nobody knows.
  expect(time.note(4_000_000, 0, 3_000_000)).toBeFalse();
  expect(time.note(30_000, 0, 55_000)).toBeTrue();
  expect([time.newestUs, time.unanswered]).toEqual([25_000, 0]);
});

test("cascade-again: what was asked for is waited for as long as answers take, queues and all", () => {
  const time = new LinkTime();
  expect(time.repeatUs).toBe(100_000);
  let at = 0;
  const ping = (us: number): void => {
    time.note(at, 0, at + us);
    at += 1_000_000;
  };
  for (let i = 0; i < 20; i += 1) ping(20_000);
  // Where nothing waits it is the way.
  expect(time.repeatUs - 20_000).toBeLessThan(500);
  ping(90_000);
  expect(time.repeatUs).toBeGreaterThan(90_000);
  for (let i = 0; i < 20; i += 1) time.noteAnswer(90_000 + (i % 2) * 10_000);
  expect(time.repeatUs).toBeGreaterThan(100_000);
  expect(time.repeatUs).toBeLessThan(130_000);
  expect(time.roundTripUs).toBe(20_000);
  // Nothing is there sooner than by the shortest way: it came by itself.
  for (let i = 0; i < 100; i += 1) time.noteAnswer(3_000);
  expect(time.repeatUs).toBeGreaterThan(100_000);
  for (let i = 0; i < 50; i += 1) time.noteAnswer(20_000);
  expect(time.repeatUs).toBeLessThan(25_000);
  for (let i = 0; i < 50; i += 1) time.noteAnswer(2_000_000);
  expect(time.repeatUs).toBe(400_000);
});
