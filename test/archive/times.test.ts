import { expect, test } from "bun:test";
import { beginningOf, shiftTimes } from "../../src/archive/times.ts";
import { Dice } from "../fuzz/dice.ts";
import { bytesOf, joined, segmentOf } from "./reels.ts";

/** Of both tracks, in seconds; 100 s after its stream began. */
const segment = () => joined(bytesOf(segmentOf(0)).parts);

/** Where the box's content stands, each time it does. */
function all(bytes: Uint8Array, type: string): number[] {
  const found: number[] = [];
  const text = Buffer.from(bytes);
  for (let at = text.indexOf(type); at >= 0; at = text.indexOf(type, at + 4)) found.push(at + 4);
  return found;
}

const timesOf = (bytes: Uint8Array) =>
  all(bytes, "tfdt").map((at) => Number(Buffer.from(bytes).readBigUInt64BE(at + 4)));

test("all times of both tracks move by the same, however far", () => {
  const bytes = segment();
  expect(beginningOf(bytes)).toBe(100 * 6000);
  expect(timesOf(bytes)).toEqual([100 * 90_000, 100 * 48_000, 101 * 90_000, 101 * 48_000]);
  expect(shiftTimes(bytes, -100 * 6000)).toBeTrue();
  expect(timesOf(bytes)).toEqual([0, 0, 90_000, 48_000]);
  // Beyond 32 bits: a day and a half.
  expect(shiftTimes(bytes, 130_000 * 6000)).toBeTrue();
  expect(timesOf(bytes)[0]).toBe(130_000 * 90_000);
  expect(shiftTimes(bytes, -129_900 * 6000)).toBeTrue();
  expect(bytes).toEqual(segment());
});

test("a time that is none is not written, and nothing else is", () => {
  for (const beats of [-100 * 6000 - 1, 2 ** 53]) {
    const bytes = segment();
    expect(shiftTimes(bytes, beats)).toBeFalse();
    expect(bytes).toEqual(segment());
  }
});

test("what are no fragments have no times", () => {
  const { init } = bytesOf(segmentOf(0));
  expect(beginningOf(init)).toBeNull();
  expect(beginningOf(new Uint8Array(0))).toBeNull();
  const bytes = segment();
  for (const length of [1, 7, 8, 100, bytes.length - 1]) {
    expect(beginningOf(bytes.slice(0, length))).toBeNull();
    expect(shiftTimes(bytes.slice(0, length), 1)).toBeFalse();
  }
});

test("a track that is unknown, and a time of 32 bits, are refused", () => {
  const unknown = segment();
  unknown[all(unknown, "tfhd")[0]! + 7] = 3;
  const short = segment();
  short[all(short, "tfdt")[0]!] = 0;
  for (const bytes of [unknown, short]) expect(shiftTimes(bytes, 0)).toBeFalse();
});

test("fuzz: whatever a disk gives back, times move there and back, or nothing does", () => {
  const dice = new Dice(1);
  let moved = 0;
  for (let i = 0; i < 2000; i += 1) {
    const bytes = segment();
    for (let n = dice.below(4); n >= 0; n -= 1) bytes[dice.below(bytes.length)] = dice.below(256);
    const broken = dice.chance(0.1) ? bytes.slice(0, dice.below(bytes.length)) : bytes;
    const before = broken.slice();
    const beats = dice.between(-700_000, 700_000);
    if (shiftTimes(broken, beats)) {
      moved += 1;
      expect(shiftTimes(broken, -beats)).toBeTrue();
    }
    expect(broken).toEqual(before);
  }
  expect(moved).toBeGreaterThan(500);
});
