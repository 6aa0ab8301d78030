import { describe, expect, test } from "bun:test";
import { FrameCheck } from "../../src/load/frame-check.ts";
import { Arrival, ReceiveTrack } from "../../src/load/receive-track.ts";
import { Stamp } from "../../src/load/stamp.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { WRAP_STARTS_16 } from "../support/wrap-starts.ts";

const track = () => new ReceiveTrack(1, "video", Codec.h264, 90_000);

describe("ReceiveTrack", () => {
  test.each([...WRAP_STARTS_16])("tells loss, duplicates and order from %i on", (start) => {
    const received = track();
    const note = (ahead: number) =>
      received.note((start + ahead) & 0xffff, ahead * 3000, ahead * 1000, ahead * 1000, 0, false);
    expect([0, 1, 2].map(note)).toEqual([Arrival.fresh, Arrival.fresh, Arrival.fresh]);
    expect(note(2)).toBe(Arrival.duplicate);
    expect(note(0)).toBe(Arrival.duplicate);
    expect(note(5)).toBe(Arrival.fresh);
    expect(received.missing.size).toBe(2);
    expect(note(4)).toBe(Arrival.reordered);
    expect(received.missing.size).toBe(1);
    received.missing.clear();
    expect(received.missing.lost).toBe(1);
    expect(received.packets).toBe(5);
  });

  test("a packet that was asked for, or came by RTX, is recovered", () => {
    const received = track();
    for (const sequence of [10, 14]) received.note(sequence, 0, 0, 0, 0, false);
    expect(received.missing.collect(1e5, 0, new Int32Array(8))).toBe(3);
    expect(received.note(11, 0, 1e5, 1e5, 0, false)).toBe(Arrival.recovered);
    expect(received.note(12, 0, 1e5, 1e5, 0, true)).toBe(Arrival.recovered);
    expect(received.note(12, 0, 1e5, 1e5, 0, true)).toBe(Arrival.duplicate);
    expect(received.missing.size).toBe(1);
  });
});

/** Frames of three packets under running numbers, as [sequence, frame, index]. */
function frames(count: number): [number, number, number][] {
  return Array.from({ length: count * 3 }, (_, i) => [i, Math.floor(i / 3), i % 3]);
}

function check(packets: readonly [number, number, number][], stamped = true): FrameCheck {
  const result = new FrameCheck();
  const stamp = new Stamp();
  for (const [sequence, frame, index] of packets) {
    Object.assign(stamp, { frame, index, count: 3 });
    const keyframe = frame === 0;
    const used = stamped ? stamp : null;
    result.insert(100_000 + sequence, frame * 3000, index === 2, keyframe, used);
  }
  return result;
}

describe("FrameCheck", () => {
  test("all frames are whole, also out of order", () => {
    const packets = frames(10);
    [packets[7], packets[12]] = [packets[12]!, packets[7]!];
    expect(check(packets)).toMatchObject({ complete: 10, broken: 0, stampBreaks: 0 });
  });

  test("a hole breaks its frame and no other", () => {
    const packets = frames(300).filter(([sequence]) => sequence !== 31);
    expect(check(packets)).toMatchObject({ complete: 299, broken: 1, stampBreaks: 0 });
  });

  test("a hole that was given up is not waited for any longer", () => {
    const packets = frames(10).filter(([sequence]) => sequence !== 13);
    const result = check(packets);
    expect(result.complete).toBe(4);
    result.settle(Number.POSITIVE_INFINITY);
    expect(result.insert(100_030, 30_000, false, false, null)).toBe(true);
    expect(result).toMatchObject({ complete: 9, broken: 1 });
  });

  test("a frame whose last packet is missing is broken, and the next one is doubted", () => {
    const packets = frames(300).filter(([sequence]) => sequence !== 32);
    expect(check(packets, false)).toMatchObject({ complete: 298, broken: 2 });
  });

  test("a server that drops a packet and closes the gap in the numbers is found out", () => {
    const packets = frames(10).map(([sequence, frame, index]): [number, number, number] => [
      sequence - (sequence > 13 ? 1 : 0),
      frame,
      index,
    ]);
    packets.splice(13, 1);
    expect(check(packets).stampBreaks).toBe(1);
  });

  test("nothing counts before the first keyframe", () => {
    const packets = frames(5).filter(([, frame]) => frame > 0);
    expect(check(packets)).toMatchObject({ complete: 0, broken: 0 });
  });
});
