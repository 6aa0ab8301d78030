import { expect, test } from "bun:test";
import { RING_MARGIN } from "../../src/limits.ts";
import { GOP_HELD_MAX_US, RingNeed } from "../../src/ring/need.ts";

/** Packets at a steady rate (packets a second) for so many seconds. */
function feed(need: RingNeed, rate: number, seconds: number): void {
  for (let i = 0; i <= rate * seconds; i += 1) need.notePacket(1e9 + (i * 1e6) / rate);
}

test("a fast stream asks for two seconds of room before its first group has ended", () => {
  const young = new RingNeed();
  feed(young, 1000, 0.4);
  expect(young.slots).toBe(0);
  const need = new RingNeed();
  feed(need, 1000, 1);
  expect(need.slots).toBeGreaterThan(1900 + RING_MARGIN);
  expect(need.slots).toBeLessThan(2100 + RING_MARGIN * 2);
});

test("a burst alone does not look like a fast stream", () => {
  const need = new RingNeed();
  for (let i = 0; i < 300; i += 1) need.notePacket(5e6);
  expect(need.slots).toBe(0);
});

test("a group of pictures fits whole, up to ten seconds, and two seconds always do", () => {
  const long = new RingNeed();
  long.noteGroup(3000, GOP_HELD_MAX_US);
  expect(long.slots).toBe(3000 + RING_MARGIN * 2);
  const endless = new RingNeed();
  endless.noteGroup(3000, GOP_HELD_MAX_US + 10);
  expect(endless.slots).toBe(600 + RING_MARGIN * 2);
  const short = new RingNeed();
  short.noteGroup(100, 500_000);
  expect(short.slots).toBe(400 + RING_MARGIN * 2);
  short.noteLonger(1024);
  short.noteGroup(10, 500_000);
  expect(short.slots).toBe(1025);
});
