import { describe, expect, test } from "bun:test";
import { NACK_AGE_MAX_US } from "../../src/limits.ts";
import { MissingPackets } from "../../src/media/missing.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

/** So many are kept. */
const MISSING_MAX = 512;

const RTT = 50_000;
const out = new Int32Array(64);
const taken = (count: number) => [...out.subarray(0, count)];

describe("MissingPackets", () => {
  test("tells how many holes were there by a time", () => {
    const missing = new MissingPackets();
    missing.addGap(1_000, 0, 3, RTT);
    missing.addGap(2_000, 5, 6, RTT);
    expect([999, 1_000, 1_999, 2_000].map((at) => missing.openSince(at))).toEqual([0, 3, 3, 4]);
    missing.fill(3_000, 1);
    expect(missing.openSince(3_000)).toBe(3);
  });

  for (const start of WRAP_STARTS_32) {
    test(`asks after the reorder wait, then each round trip, from ${start}`, () => {
      const missing = new MissingPackets();
      missing.addGap(0, start, (start + 3) | 0, RTT);
      expect(missing.nextTimeout()).toBe(RTT / 4);
      expect(missing.collect(RTT / 4 - 1, RTT, out)).toBe(0);
      const all = [start, (start + 1) | 0, (start + 2) | 0];
      expect(taken(missing.collect(RTT / 4, RTT, out))).toEqual(all);
      expect(missing.collect(RTT / 4 + 1, RTT, out)).toBe(0);
      // Asked for once: the time until it came is a round trip.
      expect(missing.fill(RTT / 4 + 40_000, all[1]!)).toBe(40_000);
      expect(missing.fill(RTT / 4 + 40_000, all[1]!)).toBe(-1);
      expect(missing.nextTimeout()).toBe(RTT / 4 + RTT);
      expect(taken(missing.collect(RTT / 4 + RTT, RTT, out))).toEqual([all[0]!, all[2]!]);
      // Asked for twice: it tells nothing.
      expect(missing.fill(RTT * 2, all[0]!)).toBe(0);
      expect(missing.lost).toBe(0);
    });
  }

  test("cascade-again: an answer is whose it was asked of, once and no more", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 20, 24, RTT);
    missing.collect(RTT, RTT, out, 7);
    expect(missing.answerUs(RTT + 30_000, 20, 7)).toBe(30_000);
    expect([missing.answerUs(RTT + 30_000, 20, 8), missing.answerUs(RTT, 99, 7)]).toEqual([0, 0]);
    missing.fill(RTT, 20);
    missing.addBelow(RTT, 18, 20, RTT);
    expect([missing.answerUs(RTT, 19, 0), missing.answerUs(RTT + 1, 21, 7)]).toEqual([0, 1]);
    missing.collect(2 * RTT, RTT, out, 8);
    // Which of both it answers nobody knows.
    for (const of of [7, 8]) expect(missing.answerUs(3 * RTT, 21, of)).toBe(0);
    expect(missing.answerUs(3 * RTT, 19, 8)).toBe(RTT);
  });

  test("what is found to be missing below all others is asked for first", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 20, 22, RTT);
    missing.addBelow(1000, 10, 12, RTT);
    missing.addBelow(1000, 8, 8, RTT);
    expect([missing.size, missing.oldest]).toEqual([4, 10]);
    expect(taken(missing.collect(RTT / 4, RTT, out))).toEqual([20, 21]);
    expect(taken(missing.collect(RTT / 4 + 1000, RTT, out))).toEqual([10, 11]);
    expect(missing.fill(RTT, 11)).toBe(RTT - RTT / 4 - 1000);
    // As many as there is room for, those next to what is here.
    missing.addBelow(RTT, -2000, 0, RTT);
    expect([missing.size, missing.oldest]).toEqual([MISSING_MAX, 3 - MISSING_MAX]);
  });

  test("asks at most ten times, no faster than 20 ms, and gives up in time", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 5, 6, 1000);
    const asked: number[] = [];
    for (let now = 0; now < NACK_AGE_MAX_US; now += 1000) {
      if (missing.collect(now, 1000, out) > 0) asked.push(now);
    }
    expect(asked).toEqual(Array.from({ length: 10 }, (_, i) => 5000 + 20_000 * i));
    expect(missing.nextTimeout()).toBe(NACK_AGE_MAX_US);
    expect(missing.collect(NACK_AGE_MAX_US, 1000, out)).toBe(0);
    expect([missing.size, missing.lost]).toEqual([0, 1]);
    expect(missing.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
  });

  test("after ten times in vain it goes on asking, but rarely, where that is wanted", () => {
    const missing = new MissingPackets(1_000_000, 100_000);
    missing.addGap(0, 5, 6, 1000);
    const asked: number[] = [];
    for (let now = 0; now < 1_000_000; now = missing.nextTimeout()) {
      if (missing.collect(now, 1000, out) > 0) asked.push(now);
    }
    expect(asked.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => 5000 + 20_000 * i));
    expect(asked.slice(10)).toEqual(Array.from({ length: 8 }, (_, i) => 285_000 + 100_000 * i));
    expect(missing.collect(1_000_000, 1000, out)).toBe(0);
    expect(missing.lost).toBe(1);
  });

  test("gives up what a newer keyframe made useless, a little later", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 100, 110, RTT);
    missing.keyframe(105);
    missing.collect(140_000, RTT, out);
    expect(missing.size).toBe(10);
    missing.collect(150_000, RTT, out);
    expect([missing.size, missing.lost]).toEqual([5, 5]);
    expect(missing.asked(104)).toBe(false);
    expect(missing.asked(105)).toBe(true);
    // An older keyframe takes nothing back.
    missing.keyframe(90);
    missing.collect(151_000, RTT, out);
    expect(missing.lost).toBe(5);
  });

  test("tells how many have been open for long", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 5, 8, RTT);
    missing.addGap(30_000, 10, 11, RTT);
    missing.fill(40_000, 6);
    expect([-1, 0, 29_999, 30_000].map((since) => missing.openSince(since))).toEqual([0, 2, 2, 3]);
  });

  test("stays bounded: the oldest holes make room", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 0, 400, RTT);
    missing.addGap(0, 401, 801, RTT);
    expect([missing.size, missing.lost]).toEqual([MISSING_MAX, 800 - MISSING_MAX]);
    missing.addGap(0, 1000, 1000 + MISSING_MAX + 50, RTT);
    expect([missing.size, missing.lost]).toEqual([MISSING_MAX, 850]);
    expect(missing.fill(1, 1049)).toBe(-1);
    expect(missing.fill(1, 1050)).toBe(0);
  });

  test("an empty list gives up and asks for nothing", () => {
    const missing = new MissingPackets();
    missing.addGap(0, 1, 3, RTT);
    expect(missing.collect(RTT, RTT, new Int32Array(0))).toBe(0);
    expect(missing.nextTimeout()).toBe(NACK_AGE_MAX_US);
    missing.collect(NACK_AGE_MAX_US, RTT, new Int32Array(0));
    expect(missing.lost).toBe(2);
  });

  test("against a model: every hole is either filled or lost", () => {
    const random = seeded(31);
    const missing = new MissingPackets();
    const open = new Set<number>();
    let head = 0x7fffff00;
    let filled = 0;
    let holes = 0;
    for (let now = 0; now < 20_000_000; now += 4000) {
      if (random() < 0.1) {
        const gap = 1 + Math.floor(random() * 5);
        missing.addGap(now, head, (head + gap) | 0, RTT);
        for (let i = 0; i < gap; i += 1) open.add((head + i) | 0);
        head = (head + gap) | 0;
        holes += gap;
      }
      head = (head + 1) | 0;
      for (const sequence of open) {
        if (random() > 0.02) continue;
        open.delete(sequence);
        if (missing.fill(now, sequence) >= 0) filled += 1;
      }
      const count = missing.collect(now, RTT, out);
      for (const sequence of taken(count)) expect(open.has(sequence)).toBe(true);
    }
    expect(filled + missing.lost + missing.size).toBe(holes);
    expect(missing.lost).toBeGreaterThan(10);
  });
});

test("cascade-twice: of what is asked for now it tells what was asked for before", () => {
  const missing = new MissingPackets();
  const out = new Int32Array(8);
  missing.addGap(0, 1, 3, 0);
  expect([missing.collect(20_000, 80_000, out), missing.collectedAgain(20_000, out)]).toEqual([
    2, 0,
  ]);
  missing.fill(50_000, 2);
  missing.addGap(95_000, 7, 8, 0);
  expect([missing.collect(100_000, 80_000, out), missing.collectedAgain(100_000, out)]).toEqual([
    2, 1,
  ]);
  expect(out[0]).toBe(1);
  missing.addGap(110_000, 9, 10, 0);
  expect([missing.collect(130_000, 80_000, out), missing.collectedAgain(130_000, out)]).toEqual([
    1, 0,
  ]);
});
