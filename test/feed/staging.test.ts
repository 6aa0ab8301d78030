import { describe, expect, test } from "bun:test";
import { Staging } from "../../src/feed/staging.ts";
import { PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { Slot, SlotFlag } from "../../src/ring/layout.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { Track } from "../egress/harness.ts";
import { seeded } from "../support/random.ts";

const CAPACITY = 32;

interface Planned {
  readonly size: number;
  readonly frame: number;
  readonly last?: boolean;
  readonly skip?: boolean;
}

const ring = new Track("video");
const ringReader = new RingReader(ring.grant.buffer, 0);
const staged = new Staging(
  { bytes: new Uint8Array(Staging.bytes(CAPACITY)), address: 0 },
  CAPACITY,
);
let next = 0;

/** Stages packets of these sizes and plans their padding. Valid until the next call. */
function plan(packets: readonly Planned[], gapAt = -1): Staging {
  staged.clear();
  packets.forEach(({ size, frame, last, skip }, i) => {
    const flags = (last ? SlotFlag.marker | SlotFlag.frameEnd : 0) | (skip ? SlotFlag.skip : 0);
    next += i === gapAt ? 2 : 1;
    ring.put(next, frame, 0, { flags, length: size });
    expect(staged.load(ringReader, next)).toBe(ReadResult.ok);
  });
  staged.planPadding();
  return staged;
}

const paddings = (batch: Staging) => [...batch.paddings.subarray(0, batch.count)];
const sizes = (list: readonly number[], frame = 1): Planned[] =>
  list.map((size, i) => ({ size, frame, last: i === list.length - 1 }));

describe("the padding plan", () => {
  test.each([
    ["ascending by one, as Chromium sends", [1000, 1000, 1001, 1001], [1, 1, 0, 0]],
    ["already equal", [1000, 1000, 1000], [0, 0, 0]],
    ["a short last packet stays", [1000, 998, 997], [0, 2, 0]],
    ["too far apart", [1000, 1004, 1008], [0, 0, 0]],
    ["two runs", [1000, 1002, 1100, 1101, 1103, 600], [2, 0, 3, 2, 0, 0]],
    ["alone", [1000], [0]],
  ])("%s", (_name, list, expected) => {
    expect(paddings(plan(sizes(list)))).toEqual(expected);
  });

  test("never joins two frames, nor across a gap, nor a packet without media", () => {
    expect(paddings(plan([...sizes([1000, 1001]), ...sizes([1002, 1003], 2)]))).toEqual([
      1, 0, 1, 0,
    ]);
    expect(paddings(plan(sizes([1000, 1001, 1002, 1003]), 2))).toEqual([1, 0, 1, 0]);
    const skip = [
      { size: 1000, frame: 1 },
      { size: 0, frame: 1, skip: true },
      { size: 1001, frame: 1 },
    ];
    expect(paddings(plan(skip))).toEqual([0, 0, 0]);
  });

  test("never makes a payload longer than a slot holds", () => {
    const most = PAYLOAD_BYTES_MAX;
    expect(paddings(plan(sizes([most - 1, most, most])))).toEqual([1, 0, 0]);
  });

  test("the last octet counts the padding (RFC 3550 5.1), the others are zero", () => {
    const batch = plan(sizes([1000, 1003, 1003]));
    const end = batch.payloadOffset(0) + 1000;
    expect([...batch.region.bytes.subarray(end, end + 3)]).toEqual([0, 0, 3]);
  });

  test("saves messages and never costs one, for 2,000 random frames", () => {
    const random = seeded(11);
    const messages = (list: readonly number[]): number => {
      let count = 0;
      let segment = 0;
      let open = false;
      for (const size of list) {
        if (!open || size > segment) {
          count += 1;
          segment = size;
          open = true;
        } else if (size < segment) open = false;
      }
      return count;
    };
    let before = 0;
    let after = 0;
    for (let frame = 0; frame < 2_000; frame += 1) {
      const length = 1 + Math.floor(random() * 12);
      const list = Array.from({ length }, () => 1000 + Math.floor(random() * 5));
      const batch = plan(sizes(list));
      const padded = list.map((size, i) => size + batch.paddings[i]!);
      expect(batch.paddings[length - 1]).toBe(0);
      expect(Math.max(...paddings(batch))).toBeLessThanOrEqual(3);
      before += messages(list);
      after += messages(padded);
      expect(messages(padded), JSON.stringify(list)).toBeLessThanOrEqual(messages(list));
    }
    expect(after).toBeLessThan(before * 0.6);
  });
});

test("a staged packet keeps its description, its elements and its payload", () => {
  const track = new Track("video");
  const reader = new RingReader(track.grant.buffer, 0);
  const batch = new Staging({ bytes: new Uint8Array(Staging.bytes(2)), address: 0 }, 2);
  track.put(-3, 4_294_967_295, 0, {
    flags: SlotFlag.marker,
    length: 20,
    arrival: 123.5,
    extensions: [
      [Extension.videoOrientation, Uint8Array.of(1)],
      [Extension.colorSpace, new Uint8Array(28)],
      [Extension.absCaptureTime, Uint8Array.of(0xe6, 0, 0, 1, 0x80, 0, 0, 0)],
    ],
  });
  expect(batch.load(reader, -2)).not.toBe(ReadResult.ok);
  expect(batch.count).toBe(0);
  expect(batch.load(reader, -3)).toBe(ReadResult.ok);
  expect([batch.sequences[0], batch.timestamps[0], batch.arrivals[0]]).toEqual([
    -3, 4_294_967_295, 123.5,
  ]);
  expect([batch.marker(0), batch.skips(0), batch.payloadLengths[0]]).toEqual([true, false, 20]);
  expect(batch.captureNtpUs(0)).toBe(0xe6000001 * 1e6 + 500_000);
});

test("S1: a copy that says more than was copied is not taken: the rest is another packet's", () => {
  /** A writer lengthened the slot between the look at its length and the copy. */
  class TornReader extends RingReader {
    override read(sequence: number, target: Uint8Array, at: number): number {
      const result = super.read(sequence, target, at);
      const view = new DataView(target.buffer, target.byteOffset);
      view.setUint16(at + Slot.payloadLength, length + 1, true);
      return result;
    }
  }
  const length = 50;
  const torn = new TornReader(ring.grant.buffer, 0);
  next += 1;
  ring.put(next, 1, 0, { length });
  staged.clear();
  staged.region.bytes.fill(0xbd);
  expect(staged.load(torn, next)).toBe(ReadResult.lapped);
  expect(staged.count).toBe(0);
  expect(staged.load(ringReader, next)).toBe(ReadResult.ok);
  expect(staged.payloadLengths[0]).toBe(length);
});

describe("a plain batch", () => {
  const plain = (packets: readonly Planned[], gapAt = -1): boolean => {
    const batch = plan(packets, gapAt);
    batch.look();
    return batch.plain;
  };

  test("has numbers that follow each other, of one codec", () => {
    expect(plain(sizes([1000, 900, 800]))).toBe(true);
    expect(plain([...sizes([1000, 900]), ...sizes([800], 2)])).toBe(true);
    expect(plain(sizes([1000, 900, 800]), 2)).toBe(false);
    const batch = plan(sizes([1000, 900]));
    batch.codecs[1] = batch.codecs[0]! + 1;
    batch.look();
    expect(batch.plain).toBe(false);
  });

  test("is not empty", () => {
    expect(plain([])).toBe(false);
  });

  test.each(["skip", "keyframeStart", "needsParameterSets", "red", "discontinuity"] as const)(
    "has no %s",
    (flag) => {
      const batch = plan(sizes([1000, 900, 800]));
      batch.flags[1]! |= SlotFlag[flag];
      batch.look();
      expect(batch.plain).toBe(false);
    },
  );
});
