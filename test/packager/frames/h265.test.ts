import { describe, expect, test } from "bun:test";
import { readH265Record } from "../../../src/client/decoder-record.ts";
import { h265Assembly } from "../../../src/packager/frames/h265.ts";
import { VideoFrames } from "../../../src/packager/frames/video-frames.ts";
import { SlotFlag } from "../../../src/ring/layout.ts";
import { fromHex } from "../../support/hex.ts";
import { frameOf, hexOf, packet, pushAll } from "../h264-packets.ts";
import { expectRecovery, frameAt, MARK } from "./malformed.ts";

// As libx265 writes them: 322x182, Main.
const VPS = "40010c01ffff01600000030090000003000003003cba0240";
const SPS =
  "42010101600000030090000003000003003ca00a880c1c44d96e92930bc05a020000030002000003003c10";
const PPS = "4401c073c189";
/** First slices that name PPS 0: an IDR and a trailing picture, and a slice that is not the first. */
const IDR = "2601a8aabb";
const TRAIL = "0201d0aabb";
const SECOND = "02015012ff";
const SEI = "4e0105010203040580";

const length = (hex: string) => (hex.length / 2).toString(16).padStart(4, "0");
/** An aggregation packet. */
const ap = (...units: string[]) => `6001${units.map((unit) => length(unit) + unit).join("")}`;
const CACHED = fromHex(ap(VPS, SPS, PPS));
const KEY = [ap(VPS, SPS, PPS, IDR)];

const framesWith = (cached: Uint8Array | null = null) =>
  new VideoFrames(h265Assembly(() => cached));
const whole = (...units: string[]) => frameOf(...units.map((unit) => fromHex(unit))).toHex();

describe("payloads", () => {
  test("single units, aggregates and fragments make one sample, without what samples do not have", () => {
    const frames = framesWith();
    const payloads = [
      ...["460110", ap(VPS, SPS), PPS, SEI],
      // An IDR in three fragments: | type 49 | layer, TID | S E type |.
      ...["6201 93 a8aa", "6201 13 bbcc", "6201 53 dd"],
      ...[ap("4801", "4a01"), "4c01ff80"],
    ];
    const [frame, ...more] = pushAll(frames, frameAt(0, payloads));
    expect(more).toEqual([]);
    expect(frame!.data.toHex()).toBe(whole(SEI, "2601a8aabbccdd"));
    expect(frame).toMatchObject({ key: true, timestamp: 0, samples: 0 });
    expect(frames.dropped).toBe(0);
  });

  test("units of other layers are left out: what they hold is not for a decoder of one", () => {
    const frames = framesWith();
    const found = pushAll(frames, frameAt(0, ["0209d0ff", "420901ff", ...KEY, "0209d0ff"]));
    expect(hexOf(found)).toEqual([whole(IDR)]);
    expect(pushAll(frames, frameAt(3000, ["0209d0ff"]))).toEqual([]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([0, false]);
  });

  test.each([16, 17, 18, 19, 20, 21])("a decoder can begin at type %d", (type) => {
    const frames = framesWith(CACHED);
    const header = (type << 1).toString(16).padStart(2, "0");
    expect(pushAll(frames, frameAt(0, [`${header}01a8aa`]))[0]).toMatchObject({ key: true });
  });

  test("a picture whose first slice is missing behind a hole is none", () => {
    const frames = framesWith(CACHED);
    frames.reset();
    expect(pushAll(frames, frameAt(0, ["260128aa"]))).toEqual([]);
    expect(pushAll(frames, frameAt(3000, [IDR, "260128aa"]))).toHaveLength(1);
    expect(frames.dropped).toBe(0);
  });
});

describe("what a decoder needs", () => {
  test("hvcC, the size, and what playlists call it", () => {
    const { format } = pushAll(framesWith(), frameAt(0, KEY))[0]!;
    expect(format).toMatchObject({
      ...{ codec: "h265", codecs: "hvc1.1.6.L60.90" },
      ...{ width: 322, height: 182 },
    });
    const { config } = format!;
    expect(config.toHex()).toStartWith("0101600000009000000000003cf000fcfdf8f800000f03");
    const record = readH265Record(config)!;
    expect(record.lengthBytes).toBe(4);
    expect(record.sets.map((set) => set.toHex())).toEqual([VPS, SPS, PPS]);
  });

  test("F10: the same object until a decoder has to be told something else", () => {
    const frames = framesWith();
    const format = (n: number, ...payloads: string[]) =>
      pushAll(frames, frameAt(n * 3000, payloads))[0]!.format!;
    const first = format(0, ...KEY);
    expect(format(1, ap(SPS, PPS), IDR)).toBe(first);
    expect(format(2, IDR)).toBe(first);
    // Level 2.1 in place of 2.
    const other = format(3, SPS.replace("3ca00a", "3fa00a"), IDR);
    expect(other.codecs).toBe("hvc1.1.6.L63.90");
    expect(format(4, IDR)).toBe(other);
    expect(format(5, ...KEY)).toMatchObject({ codecs: first.codecs, config: first.config });
    const present = format(6, IDR);
    expect(format(7, ap("4401c073c18a"), IDR)).not.toBe(present);
  });

  test("F12: sets that came another way than with the pictures are the ring's", () => {
    const frames = framesWith(CACHED);
    const naked = packet(fromHex(IDR), 0, MARK | SlotFlag.needsParameterSets);
    expect(pushAll(frames, [naked])[0]!.format).toMatchObject({ width: 322 });
  });

  test.each([
    ["VPS", ap(SPS, PPS)],
    ["SPS", ap(VPS, PPS)],
    ["PPS", ap(VPS, SPS)],
  ])("F12: a keyframe without %s is dropped and counted, and all that builds on it", (_, sets) => {
    const frames = framesWith();
    // Behind another frame: what a hole has left is nobody's fault.
    pushAll(frames, frameAt(0, [SEI]));
    expect(pushAll(frames, frameAt(3000, [sets, IDR]))).toEqual([]);
    expect(pushAll(frames, frameAt(6000, [TRAIL]))).toEqual([]);
    expect([frames.dropped, frames.waitsForKeyframe]).toEqual([1, true]);
    expect(hexOf(pushAll(frames, frameAt(9000, KEY)))).toEqual([whole(IDR)]);
  });
});

test.each(
  Object.entries({
    "an empty payload": "",
    "a header alone": "0201",
    "an aggregate in an aggregate": "6001 0008 60010004 0201d0aa",
    "a fragment in an aggregate": "6001 0005 620181d0aa",
    "a fragment of an aggregate": "6201b0 d0aa",
    "a length beyond the packet": "6001 0040 0201d0",
    "a length of a header's half": "6001 0001 02",
    "a fragment that is first and last": "6201c1 d0aa",
    "a fragment of nothing": "620181",
    "a fragment that nothing begins": "620101 d0aa",
    "a fragment of another type": "620181 d0aa | 620153 aa",
    "a unit between fragments": "620181 d0aa | 0201d0 | 620141 aa",
    PACI: "6401 8000 0201d0aa",
    "a reserved type": "7e01 d0aa",
    "a forbidden bit": "8201 d0aa",
    "a slice that ends in its header": "0201 00",
  }),
)("F11: malformed: %s", (_, bad) => {
  expectRecovery(framesWith(), { key: KEY, delta: [TRAIL, SECOND] }, bad);
});
