import { expect, test } from "bun:test";
import { RingPool } from "../../../src/control/plane/ring-pool.ts";
import {
  AUDIO_SLOTS,
  RINGS_MAX,
  SLOT_BYTES,
  VIDEO_SLOTS_MAX,
  VIDEO_SLOTS_START,
} from "../../../src/limits.ts";
import { Header, ReaderWord, RingViews } from "../../../src/ring/layout.ts";

const AUDIO = AUDIO_SLOTS * SLOT_BYTES;
const VIDEO = VIDEO_SLOTS_START * SLOT_BYTES;

function pool(bytesMax: number) {
  const released: SharedArrayBuffer[] = [];
  const release = (buffer: SharedArrayBuffer) => {
    new Uint8Array(buffer).fill(0);
    released.push(buffer);
  };
  return { rings: new RingPool(bytesMax, release), released };
}

const words = (ring: { readonly buffer: SharedArrayBuffer }) => new RingViews(ring.buffer).words;

function want(ring: { readonly buffer: SharedArrayBuffer }, slots: number): void {
  Atomics.store(words(ring), Header.slotsWanted, slots);
}

const granted = (ring: { readonly buffer: SharedArrayBuffer }) => words(ring)[Header.slotsGranted]!;

test("rings are told apart by index and come back by kind", () => {
  const { rings, released } = pool(10 * VIDEO);
  const [audio, video] = [rings.take("audio")!, rings.take("video")!];
  expect([audio.index, video.index]).toEqual([0, 1]);
  expect(rings.bytesUsed).toBe(AUDIO + VIDEO);
  rings.give(video);
  expect(released).toEqual([video.buffer]);
  expect(rings.ringsInUse).toBe(1);
  // An audio ring is no use for video, and the freed one is used again before a new one is made.
  expect(rings.take("audio")!.index).toBe(2);
  const again = rings.take("video")!;
  expect([again.index, again.buffer]).toEqual([1, video.buffer]);
});

test("a ring that is given back twice is released once", () => {
  const { rings, released } = pool(10 * VIDEO);
  const ring = rings.take("video")!;
  rings.give(ring);
  rings.give(ring);
  expect(released).toHaveLength(1);
  expect([rings.bytesUsed, rings.ringsInUse]).toEqual([0, 0]);
});

test("nothing is left of the last publisher in a ring that is used again", () => {
  const { rings } = pool(10 * VIDEO);
  const ring = rings.take("video")!;
  want(ring, 2 * VIDEO_SLOTS_START);
  rings.grant();
  expect(granted(ring)).toBe(2 * VIDEO_SLOTS_START);
  rings.give(ring);
  const again = rings.take("video")!;
  expect(granted(again)).toBe(VIDEO_SLOTS_START);
  rings.grant();
  expect(granted(again)).toBe(VIDEO_SLOTS_START);
});

test("--ring-memory bounds what is taken", () => {
  const { rings } = pool(VIDEO + AUDIO);
  const video = rings.take("video")!;
  expect(rings.take("video")).toBeNull();
  expect(rings.take("audio")).not.toBeNull();
  expect(rings.take("audio")).toBeNull();
  rings.give(video);
  expect(rings.take("video")).not.toBeNull();
});

test("--ring-memory bounds what rings grow to; what others give back lets them go on", () => {
  const { rings } = pool(4 * VIDEO);
  const [a, b] = [rings.take("video")!, rings.take("video")!];
  for (const ring of [a, b]) want(ring, 2 * VIDEO_SLOTS_START);
  rings.grant();
  expect([granted(a), granted(b)]).toEqual([2 * VIDEO_SLOTS_START, 2 * VIDEO_SLOTS_START]);
  want(a, 4 * VIDEO_SLOTS_START);
  rings.grant();
  expect(granted(a)).toBe(2 * VIDEO_SLOTS_START);
  rings.give(b);
  rings.grant();
  expect(granted(a)).toBe(4 * VIDEO_SLOTS_START);
  expect(rings.bytesUsed).toBe(4 * VIDEO);
});

test("one that may not grow does not keep smaller ones from growing", () => {
  const { rings } = pool(7 * VIDEO);
  const [big, small] = [rings.take("video")!, rings.take("video")!];
  want(big, 4 * VIDEO_SLOTS_START);
  rings.grant();
  rings.grant();
  expect(granted(big)).toBe(4 * VIDEO_SLOTS_START);
  want(big, 8 * VIDEO_SLOTS_START);
  want(small, 2 * VIDEO_SLOTS_START);
  rings.grant();
  expect([granted(big), granted(small)]).toEqual([4 * VIDEO_SLOTS_START, 2 * VIDEO_SLOTS_START]);
});

test("no ring grows beyond its kind's largest size", () => {
  const { rings } = pool(1000 * VIDEO);
  const [audio, video] = [rings.take("audio")!, rings.take("video")!];
  for (const ring of [audio, video]) want(ring, 1 << 20);
  for (let i = 0; i < 10; i += 1) rings.grant();
  expect([granted(audio), granted(video)]).toEqual([AUDIO_SLOTS, VIDEO_SLOTS_MAX]);
});

test("the words of a reader thread that is gone are cleared, those of others stay", () => {
  const { rings } = pool(10 * VIDEO);
  const ring = rings.take("video")!;
  const views = new RingViews(ring.buffer);
  for (const reader of [0, 1]) {
    Atomics.store(views.words, views.readerWord(reader, ReaderWord.wanted), 1);
  }
  rings.forgetReader(0);
  expect(views.words[views.readerWord(0, ReaderWord.wanted)]).toBe(0);
  expect(views.words[views.readerWord(1, ReaderWord.wanted)]).toBe(1);
});

test("no more rings than the dirty bitmaps have bits", () => {
  const { rings } = pool(Number.MAX_SAFE_INTEGER);
  for (let i = 0; i < RINGS_MAX; i += 1) expect(rings.take("audio")!.index).toBe(i);
  expect(rings.take("audio")).toBeNull();
  rings.give({ index: 7, buffer: new SharedArrayBuffer(0) });
  expect(rings.take("audio")!.index).toBe(7);
}, 80_000);

test("where the system has no room for another ring, there is none, and those in use go on", () => {
  const { rings } = pool(10 * VIDEO);
  const audio = rings.take("audio")!;
  const real = globalThis.SharedArrayBuffer;
  globalThis.SharedArrayBuffer = class extends real {
    constructor() {
      super(0);
      throw new RangeError("Out of memory");
    }
  };
  try {
    expect(rings.take("video")).toBeNull();
  } finally {
    globalThis.SharedArrayBuffer = real;
  }
  expect(rings.ringsInUse).toBe(1);
  expect(rings.bytesUsed).toBe(AUDIO);
  expect(rings.take("video")!.index).toBe(audio.index + 1);
});
