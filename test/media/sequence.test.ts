import { describe, expect, test } from "bun:test";
import { OriginSequence, SEQUENCE_JUMP_MAX } from "../../src/media/sequence.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";

describe("OriginSequence", () => {
  for (const start of WRAP_STARTS_16) {
    test(`200,000 packets with losses and reordering from ${start}`, () => {
      const random = seeded(start + 77);
      const origin = new OriginSequence();
      expect(origin.map(start)).toBe(true);
      expect(origin.origin).toBe(65_536 + start);
      let head = 0;
      for (let i = 1; i < 200_000; i += 1) {
        head += random() < 0.02 ? 1 + Math.floor(random() * 2000) : 1;
        const late = random() < 0.1 ? Math.floor(random() * 1000) : 0;
        const index = head - late;
        if (late > 0) head -= 1;
        expect(origin.map((start + index) & 0xffff)).toBe(true);
        if (origin.origin !== ((65_536 + start + index) | 0)) throw new Error(`packet ${index}`);
        expect(origin.discontinuity).toBe(false);
        expect(origin.toRtp(origin.origin)).toBe((start + index) & 0xffff);
      }
    });

    test(`a restarted encoder goes on at the next number, from ${start}`, () => {
      for (const jump of [SEQUENCE_JUMP_MAX + 1, 20_000, -SEQUENCE_JUMP_MAX - 1, -20_000]) {
        const origin = new OriginSequence();
        for (let i = 0; i < 10; i += 1) origin.map((start + i) & 0xffff);
        const head = origin.head;
        const fresh = start + 9 + jump;
        expect(origin.map(fresh & 0xffff)).toBe(true);
        expect([origin.origin, origin.discontinuity]).toEqual([head + 1, true]);
        // A straggler of the old numbering keeps its old place and starts nothing.
        expect(origin.map((start + 7) & 0xffff)).toBe(true);
        expect([origin.origin, origin.discontinuity]).toEqual([head - 2, false]);
        expect(origin.map((fresh + 1) & 0xffff)).toBe(true);
        expect([origin.origin, origin.discontinuity]).toEqual([head + 2, false]);
        // Before the first of the new numbering there is no place.
        expect(origin.map((fresh - 1) & 0xffff)).toBe(false);
        expect(origin.toRtp(head + 2)).toBe((fresh + 1) & 0xffff);
        // A retransmission from nowhere never begins a numbering.
        expect(origin.mapRetransmission((fresh + 12_000) & 0xffff)).toBe(false);
        expect(origin.head).toBe(head + 2);
      }
    });
  }

  test("a new source takes the next number, near as its own may be", () => {
    const origin = new OriginSequence();
    origin.map(100);
    origin.restart();
    expect(origin.mapRetransmission(99)).toBe(false);
    expect(origin.map(99)).toBe(true);
    expect([origin.origin, origin.discontinuity]).toEqual([65_637, true]);
  });

  test("late packets before the first have a place", () => {
    const origin = new OriginSequence();
    origin.map(0);
    expect(origin.map(65_535)).toBe(true);
    expect(origin.origin).toBe(65_535);
  });
});
