import { expect, test } from "bun:test";
import type { Frame } from "../../../src/packager/frames/frame.ts";
import { OPUS_SILENCE, OpusFrames } from "../../../src/packager/frames/opus.ts";
import { SlotFlag } from "../../../src/ring/layout.ts";
import { splitOpus } from "../../../src/wire/opus.ts";
import { fuzz } from "../../support/fuzz.ts";
import { fromHex } from "../../support/hex.ts";
import { packet } from "../h264-packets.ts";

const opus = new OpusFrames();

/** What is made of one payload. */
function framesOf(payload: Uint8Array, flags = 0): Frame[] {
  const found: Frame[] = [];
  opus.push(packet(payload, 960, flags, 5), (frame) => found.push(frame));
  return found;
}

const samplesOf = (hex: string) => framesOf(fromHex(hex))[0]?.samples;

test("how long a packet plays is what its first bytes say, not 20 ms", () => {
  // SILK, hybrid and CELT of each length; then two and more frames in a packet.
  expect(["00aa", "08aa", "10aa", "18aa"].map(samplesOf)).toEqual([480, 960, 1920, 2880]);
  expect(["60aa", "68aa"].map(samplesOf)).toEqual([480, 960]);
  expect(["e0aa", "e8aa", "f0aa", "f8aa"].map(samplesOf)).toEqual([120, 240, 480, 960]);
  expect(["f9aabb", "fa01aabb", "fb03aabbcc", "19aabb"].map(samplesOf)).toEqual([
    1920, 1920, 2880, 5760,
  ]);
});

test("a packet is one sample, whole and in memory of its own", () => {
  const payload = fromHex("fc010203");
  const [frame] = framesOf(payload);
  payload.fill(0);
  expect(frame).toEqual({
    timestamp: 960,
    arrivalUs: 5,
    key: true,
    data: fromHex("fc010203"),
    format: null,
    samples: 960,
  });
});

test("packets of a sender that is silent are samples, too", () => {
  expect(framesOf(fromHex("f8"))).toMatchObject([{ samples: 960, data: fromHex("f8") }]);
});

test("out of RED comes the present frame alone", () => {
  // RFC 2198 3: one earlier frame of three bytes, 960 back, then this one.
  const red = fromHex("ef 0f00 03 6f f80102 fc0a0b0c");
  expect(framesOf(red, SlotFlag.red).map(({ data }) => data.toHex())).toEqual(["fc0a0b0c"]);
  const { dropped } = opus;
  for (const broken of ["", "ef0f0003", "ef 0f00 03 6f f801", "6f"]) {
    expect(framesOf(fromHex(broken), SlotFlag.red)).toEqual([]);
  }
  expect(opus.dropped).toBe(dropped + 4);
});

test("what no decoder takes is dropped and counted; reserved numbers are nothing", () => {
  const { dropped } = opus;
  const broken = [
    // Nothing; two of one size in three bytes; no count; a count of none; lengths beyond the end.
    ...["", "f9aabbcc", "fb", "fb00aa", "fa10aa", "fb8320aa", "fb43ff"],
    // 140 ms; a frame of 1,276 bytes.
    "fb07aabbccddeeff00",
    `f8${"aa".repeat(1276)}`,
  ];
  for (const hex of broken) expect([hex, framesOf(fromHex(hex))]).toEqual([hex, []]);
  expect(opus.dropped).toBe(dropped + broken.length);
  expect(framesOf(Uint8Array.of(1), SlotFlag.skip)).toEqual([]);
  expect(opus.dropped).toBe(dropped + broken.length);
});

test("fuzz: bytes of whatever kind are a packet of at most 120 ms, or dropped and counted", () => {
  const samples = ["fb03aabbcc", "ff8301040111121314", "ef0f00036ff80102fc0a0b0c"].map(fromHex);
  fuzz(12, samples, (bytes, offset, length) => {
    const payload = bytes.subarray(offset, offset + length);
    const { dropped } = opus;
    const [frame] = framesOf(payload, length % 2 === 0 ? SlotFlag.red : 0);
    expect(opus.dropped).toBe(frame === undefined ? dropped + 1 : dropped);
    if (frame === undefined) return;
    expect(frame.samples).toBeWithin(120, 5761);
    expect(splitOpus(frame.data)).not.toBeNull();
  });
});

test("silence plays 20 ms, of one channel or two", () => {
  for (const [channels, hex] of [
    [1, "f8fffe"],
    [2, "fcfffe"],
  ] as const) {
    expect(OPUS_SILENCE(channels).toHex()).toBe(hex);
    expect(samplesOf(hex)).toBe(960);
  }
});
