import { expect, test } from "bun:test";
import { PlayoutHint } from "../../src/egress/playout-hint.ts";

test("a clean path keeps the least delay", () => {
  const hint = new PlayoutHint({ min: 2, max: 40 });
  hint.update(null, 0.1);
  hint.update(200_000, 0);
  expect([hint.min, hint.max, hint.version]).toEqual([2, 40, 0]);
});

test("loss asks for the time that a retransmission takes, within the stream's use", () => {
  const hint = new PlayoutHint({ min: 0, max: 40 });
  hint.update(100_000, 0.02);
  expect(hint.min).toBe(17);
  hint.update(1_000_000, 0.02);
  expect(hint.min).toBe(40);
  expect(hint.version).toBe(2);
});

test("goes back when the loss is over, and does not follow every wave of the round trip", () => {
  const hint = new PlayoutHint({ min: 0, max: 40 });
  hint.update(100_000, 0.02);
  for (const roundTrip of [95_000, 90_000, 99_000]) hint.update(roundTrip, 0.02);
  expect([hint.min, hint.version]).toEqual([17, 1]);
  hint.update(95_000, 0);
  expect([hint.min, hint.version]).toEqual([0, 2]);
});
