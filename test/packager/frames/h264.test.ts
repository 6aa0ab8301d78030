import { describe, expect, test } from "bun:test";
import { FRAME_BYTES_MAX, PARAMETER_SETS_BYTES_MAX } from "../../../src/limits.ts";
import { SlotFlag } from "../../../src/ring/layout.ts";
import { splitUnits } from "../../../src/wire/frame-units.ts";
import { fromHex } from "../../support/hex.ts";
import { seeded } from "../../support/random.ts";
import {
  CACHED,
  DELTA,
  frameOf,
  h264Frames,
  hexOf,
  IDR,
  PPS,
  packet,
  packetsOf,
  pushAll,
  SMALL_SPS,
  SPS,
  slice,
} from "../h264-packets.ts";

const SEI = fromHex("0605010203040580");
const DELIMITER = fromHex("0910");
const FILLER = fromHex("0cffff80");
const KEY = frameOf(SPS, PPS, IDR);
const MARK = SlotFlag.marker | SlotFlag.frameEnd;

/** Number `n` of a stream at 30 frames a second. */
const at = (n: number) => (n * 3000) >>> 0;

describe("frames that are packetised come back as samples", () => {
  test.each([64, 200, 1170, 1856])("in packets of at most %d bytes", (bytesMax) => {
    const random = seeded(bytesMax);
    const frames = h264Frames();
    for (let n = 0; n < 60; n += 1) {
      const size = () => 6 + Math.floor(random() ** 4 * 30_000);
      const kind = n % 15 === 0 ? "idr" : "delta";
      const slices = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
        slice(kind, size(), random),
      );
      const kept = random() < 0.3 ? [SEI, ...slices] : slices;
      const left = kind === "idr" ? [DELIMITER, SPS, PPS] : [DELIMITER];
      const packets = packetsOf(frameOf(...left, ...kept, FILLER), at(n), bytesMax);
      const [frame, ...more] = pushAll(frames, packets);
      expect(more).toEqual([]);
      expect(frame!.data.toHex()).toBe(frameOf(...kept).toHex());
      const { key, timestamp, arrivalUs, samples } = frame!;
      expect({ key, timestamp, arrivalUs, samples }).toEqual({
        key: kind === "idr",
        timestamp: at(n),
        arrivalUs: packets[0]!.arrivalUs,
        samples: 0,
      });
      expect(frame!.format !== null).toBe(key);
    }
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([0, false]);
  });

  test("their bytes stay as they are while later ones come", () => {
    const random = seeded(5);
    const frames = h264Frames();
    const whole = [frameOf(SPS, PPS, slice("idr", 90_000, random))];
    for (let n = 1; n < 100; n += 1) whole.push(frameOf(slice("delta", 9_000, random)));
    const found = whole.flatMap((frame, n) => pushAll(frames, packetsOf(frame, at(n))));
    const sent = whole.map((frame) => splitUnits(frame, 4)!.at(-1)!);
    expect(hexOf(found)).toEqual(sent.map((unit) => frameOf(unit).toHex()));
  });

  test("units that no sample has are left out where they come in packets of their own, too", () => {
    const frames = h264Frames();
    const units = [DELIMITER, FILLER, SPS, PPS, SEI, IDR];
    const found = pushAll(
      frames,
      units.map((unit) => packet(unit, 1, unit === IDR ? MARK : 0)),
    );
    expect(hexOf(found)).toEqual([frameOf(SEI, IDR).toHex()]);
  });
});

describe("what ends a frame", () => {
  const parts = [slice("idr", 400, seeded(1)), slice("idr", 400, seeded(2))];
  const first = packetsOf(frameOf(SPS, PPS, ...parts), at(0), 450);

  test("the next timestamp, where no packet is marked", () => {
    const frames = h264Frames();
    const unmarked = first.map((each) => ({ ...each, flags: 0 }));
    expect(pushAll(frames, unmarked)).toEqual([]);
    expect(hexOf(pushAll(frames, [packet(DELTA, at(1))]))).toEqual([frameOf(...parts).toHex()]);
    expect(frames.dropped).toBe(0);
  });

  test("no mark in front of the picture, nor within a unit", () => {
    const frames = h264Frames();
    const fragments = packetsOf(frameOf(parts[0]!), at(0), 100).map((each) => ({
      ...each,
      flags: MARK,
    }));
    const found = pushAll(frames, [packet(CACHED, at(0), MARK), ...fragments]);
    expect(hexOf(found)).toEqual([frameOf(parts[0]!).toHex()]);
  });

  test("a sender that marks every slice loses one frame, then its marks are not believed", () => {
    const frames = h264Frames();
    const marked = (n: number) =>
      packetsOf(frameOf(SPS, PPS, ...parts), at(n), 450).map((each) => ({ ...each, flags: MARK }));
    expect(pushAll(frames, marked(0))).toHaveLength(1);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
    for (let n = 1; n < 5; n += 1) {
      const found = pushAll(frames, marked(n));
      expect(hexOf(found)).toEqual(n === 1 ? [] : [frameOf(...parts).toHex()]);
    }
    expect(frames.dropped).toBe(1);
  });

  test("nothing but a picture: sets, SEI and reserved numbers alone are no frame", () => {
    const frames = h264Frames();
    const found = pushAll(frames, [
      packet(CACHED, at(0), MARK),
      packet(SEI, at(1), MARK),
      packet(Uint8Array.of(1), at(2), SlotFlag.skip),
      packet(IDR, at(3), MARK),
    ]);
    expect(hexOf(found)).toEqual([frameOf(IDR).toHex()]);
    expect([found[0]!.format?.width, frames.dropped]).toEqual([1280, 0]);
  });
});

describe("holes", () => {
  test("F11: the open frame is dropped and all up to the next keyframe, and nothing is counted", () => {
    const frames = h264Frames();
    expect(frames.waitsForKeyframe).toBe(true);
    expect(pushAll(frames, packetsOf(frameOf(DELTA), at(0)))).toEqual([]);
    expect(pushAll(frames, packetsOf(KEY, at(1)))).toHaveLength(1);
    const torn = packetsOf(frameOf(slice("delta", 3000, seeded(3))), at(2));
    pushAll(frames, torn.slice(0, 1));
    frames.reset();
    expect(frames.waitsForKeyframe).toBe(true);
    expect(pushAll(frames, [...torn.slice(2), ...packetsOf(frameOf(DELTA), at(3))])).toEqual([]);
    expect(hexOf(pushAll(frames, packetsOf(frameOf(IDR), at(4))))).toEqual([frameOf(IDR).toHex()]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([0, false]);
  });

  test("a keyframe whose first slice is missing is none", () => {
    const frames = h264Frames(CACHED);
    // first_mb_in_slice 8, then I, PPS 0.
    const second = fromHex("6504c44000");
    frames.reset();
    expect(pushAll(frames, [packet(second, at(0), MARK)])).toEqual([]);
    expect(pushAll(frames, packetsOf(frameOf(IDR, second), at(1)))).toHaveLength(1);
    expect(frames.dropped).toBe(0);
  });
});

describe("what a decoder needs", () => {
  test("F10: the same object until a decoder has to be told something else", () => {
    const frames = h264Frames();
    const format = (n: number, ...units: Uint8Array[]) =>
      pushAll(frames, packetsOf(frameOf(...units, IDR), at(n)))[0]!.format!;
    const first = format(0, SPS, PPS);
    expect(first).toMatchObject({ codec: "h264", codecs: "avc1.42c01f", width: 1280, height: 720 });
    expect(first.config.toHex()).toBe(`0142c01fffe10017${SPS.toHex()}010004${PPS.toHex()}`);
    expect(format(1, SPS, PPS)).toBe(first);
    expect(format(2)).toBe(first);
    expect(format(3, PPS)).toBe(first);
    const small = format(4, SMALL_SPS, PPS);
    expect(small).toMatchObject({ codecs: "avc1.42c01e", width: 640, height: 360 });
    expect(format(5)).toBe(small);
    expect(format(6, SPS, PPS)).toMatchObject({ width: 1280, config: first.config });
  });

  test("F10: sets of several ids that come by turns are one configuration", () => {
    const frames = h264Frames();
    // PPS 1 and its picture.
    const [otherPps, otherIdr] = [fromHex("684ce32c80"), fromHex("6588a100")];
    const format = (n: number, ...units: Uint8Array[]) =>
      pushAll(frames, packetsOf(frameOf(...units), at(n)))[0]!.format!;
    format(0, SPS, PPS, IDR);
    const both = format(1, SPS, otherPps, otherIdr);
    for (let n = 2; n < 10; n += 2) {
      expect(format(n, SPS, PPS, IDR)).toBe(both);
      expect(format(n + 1, SPS, otherPps, otherIdr)).toBe(both);
    }
    expect(both.config.toHex()).toContain(`020004${PPS.toHex()}0005${otherPps.toHex()}`);
  });

  test("F12: sets that came another way than with the pictures are the ring's", () => {
    const frames = h264Frames(CACHED);
    const [key] = pushAll(frames, packetsOf(frameOf(IDR), at(0)));
    expect(key!.format).toMatchObject({ width: 1280 });
    // Behind a hole in which others came the slot says so.
    const others = fromHex(`78 0019 ${SMALL_SPS.toHex()}`);
    const behind = h264Frames(others);
    pushAll(behind, packetsOf(KEY, at(0)));
    behind.reset();
    const naked = packet(IDR, at(1), MARK | SlotFlag.needsParameterSets);
    expect(pushAll(behind, [naked])[0]!.format).toMatchObject({ width: 640 });
  });

  test("F12: a keyframe without any sets is dropped and counted, and so is all that builds on it", () => {
    const frames = h264Frames();
    pushAll(frames, [packet(SEI, at(0))]);
    expect(pushAll(frames, packetsOf(frameOf(IDR), at(1)))).toEqual([]);
    expect(pushAll(frames, packetsOf(frameOf(DELTA), at(2)))).toEqual([]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
  });

  test("more sets than fit are forgotten, and the newest hold", () => {
    const frames = h264Frames();
    const long = (id: string) => fromHex(`68${id}${"ab".repeat(PARAMETER_SETS_BYTES_MAX / 2)}`);
    const first = packetsOf(frameOf(SPS, PPS, long("4c"), long("6c"), SPS, PPS, IDR), at(0));
    const [key] = pushAll(frames, first);
    expect(key!.format!.config.length).toBeLessThan(PARAMETER_SETS_BYTES_MAX + 100);
  });

  test("High profiles name chroma format and bit depths behind the sets", () => {
    // Main 4:2:0 of 1920x1080 by libx264, High.
    const high = fromHex("67640028acd940780227e5c044000003000400000300f03c60c658");
    const [key] = pushAll(h264Frames(), packetsOf(frameOf(high, PPS, IDR), at(0)));
    expect(key!.format).toMatchObject({ codecs: "avc1.640028", width: 1920, height: 1080 });
    expect(key!.format!.config.toHex()).toEndWith(`010004${PPS.toHex()}fdf8f800`);
  });
});

/** Payloads of which none is what it says; a `|` stands between packets. */
const MALFORMED: Readonly<Record<string, string>> = {
  "an empty payload": "",
  "a STAP-A in a STAP-A": "78 0006 7800034182aa",
  "a FU-A in a STAP-A": "78 0004 7c854182",
  "a FU-A of a STAP-A": "7c98 41824182",
  "a length beyond the packet": "78 0040 419a20",
  "a length of nothing": "78 0000 0003 419a20",
  "half a length": "78 0003 419a20 00",
  "a fragment that is first and last": "7cc1 9a2000",
  "a fragment of nothing": "7c81",
  "a fragment that nothing begins": "7c01 9a2000",
  "a fragment that nothing ends": "7c81 9a2000",
  "a fragment that begins again": "7c81 9a20 | 7c81 9a20",
  "a fragment of another type": "7c81 9a20 | 7c45 9a20",
  "a unit between fragments": "7c81 9a20 | 419a20 | 7c41 00",
  "a STAP-B": "79 0001 0003 419a20",
  "an FU-B": "7d81 0001 9a20",
  "a forbidden bit": "c1 9a2000",
  "a reserved type": "7e 9a2000",
  "a slice that ends in its header": "41",
};

describe.each(Object.entries(MALFORMED))("F11: malformed: %s", (_, hex) => {
  const payloads = hex.split("|").map((part) => fromHex(part));

  test("costs its frame and those up to the next keyframe, counted once", () => {
    const frames = h264Frames();
    pushAll(frames, packetsOf(KEY, at(0)));
    pushAll(frames, packetsOf(frameOf(DELTA), at(1)));
    const bad = payloads.map((payload) => packet(payload, at(2)));
    const rest = [packet(DELTA, at(2)), packet(DELTA, at(2), MARK)];
    const after = packetsOf(frameOf(DELTA), at(3));
    expect(pushAll(frames, [...bad, ...rest, ...after])).toEqual([]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
    const found = pushAll(frames, [...packetsOf(KEY, at(4)), ...packetsOf(frameOf(DELTA), at(5))]);
    expect(hexOf(found)).toEqual([frameOf(IDR).toHex(), frameOf(DELTA).toHex()]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, false]);
  });
});

test("F11: a frame that the next one cuts off within a unit is dropped and counted", () => {
  const frames = h264Frames();
  pushAll(frames, packetsOf(KEY, at(0)));
  const cut = packetsOf(frameOf(slice("delta", 3000, seeded(4))), at(1)).slice(0, -1);
  expect(pushAll(frames, [...cut, ...packetsOf(frameOf(DELTA), at(2))])).toEqual([]);
  expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
  expect(pushAll(frames, packetsOf(KEY, at(3)))).toHaveLength(1);
});

test("F11: a packet that was too malformed for its ring is missing in the unit around it", () => {
  const frames = h264Frames();
  pushAll(frames, packetsOf(KEY, at(0)));
  const fragments = packetsOf(frameOf(slice("delta", 5000, seeded(4))), at(1));
  const skipped = fragments.map((each, n) => (n === 2 ? { ...each, flags: SlotFlag.skip } : each));
  expect(pushAll(frames, skipped)).toEqual([]);
  expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
});

test("a frame without an end is dropped at its limit and takes no more memory", () => {
  const frames = h264Frames();
  const found = pushAll(frames, packetsOf(KEY, at(0)));
  const part = new Uint8Array(1800);
  part.set([0x7c, 0x01]);
  const start = part.slice();
  start.set([0x7c, 0x81]);
  frames.push(packet(start, at(1)), () => {});
  for (let bytes = 0; bytes < 2 * FRAME_BYTES_MAX; bytes += part.length) {
    frames.push(packet(part, at(1)), (frame) => found.push(frame));
  }
  expect([found.length, frames.dropped]).toEqual([1, 1]);
  const [key] = pushAll(frames, packetsOf(KEY, at(2)));
  expect(key!.data.buffer.byteLength).toBeLessThanOrEqual(FRAME_BYTES_MAX);
});

test("the largest frame that is allowed comes whole", () => {
  const frames = h264Frames();
  const largest = frameOf(slice("idr", FRAME_BYTES_MAX - 4 - 64, seeded(9)));
  const found = pushAll(frames, [packet(CACHED, at(0)), ...packetsOf(largest, at(0))]);
  expect(found[0]!.data.length).toBe(largest.length);
  expect(Buffer.compare(found[0]!.data, largest)).toBe(0);
});
