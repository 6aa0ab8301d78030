import { describe, expect, test } from "bun:test";
import type { Frame } from "../../../src/packager/frames/frame.ts";
import { VideoFrames } from "../../../src/packager/frames/video-frames.ts";
import { Vp9Assembly } from "../../../src/packager/frames/vp9.ts";
import { fromHex } from "../../support/hex.ts";
import { layerVector } from "../../support/layer-vectors.ts";
import { hexOf, packet, pushAll } from "../h264-packets.ts";
import { expectRecovery, frameAt, MARK } from "./malformed.ts";

/** As libvpx writes them: the beginning of a keyframe of 322x182, and of an inter frame. */
const KEY = "824983420014100b560638241c18";
const INTER = "8600409c0b";
/** Descriptors with a picture id of 15 bits: | I P L F B E V Z |. */
const [WHOLE_KEY, WHOLE_INTER] = ["8c8001", "cc8001"];

const frames = () => new VideoFrames(new Vp9Assembly());
const push = (to: VideoFrames, n: number, ...payloads: string[]): Frame[] =>
  pushAll(to, frameAt(n * 3000, payloads));

describe("frames", () => {
  test.each([
    ["in one packet", [WHOLE_KEY + KEY]],
    ["in three", [`888001${KEY.slice(0, 4)}`, `808001${KEY.slice(4, 8)}`, `848001${KEY.slice(8)}`]],
    ["without a picture id", [`0c${KEY}`]],
    ["with a scalability structure of one layer", [`8e800110014200b6${KEY}`]],
    ["of temporal layers", [`ac80010000${KEY}`]],
  ])("%s", (_, payloads) => {
    const found = push(frames(), 0, ...payloads);
    expect(hexOf(found)).toEqual([KEY]);
    expect(found[0]).toMatchObject({ key: true, samples: 0 });
  });

  test("that refer to others are no place to begin, whatever they refer to", () => {
    const to = frames();
    // An intra-only frame, and one whose descriptor says that it refers to none.
    expect(push(to, 0, `8c8001${INTER}`)).toEqual([]);
    push(to, 1, WHOLE_KEY + KEY);
    expect(push(to, 2, `8c8001${INTER}`)).toMatchObject([{ key: false, format: null }]);
    expect(push(to, 3, `cc8001${KEY}`)).toMatchObject([{ key: false, format: null }]);
    expect(to.dropped).toBe(0);
  });

  test("without a mark end where the next one begins", () => {
    const to = frames();
    expect(pushAll(to, [packet(fromHex(WHOLE_KEY + KEY), 0)])).toEqual([]);
    expect(hexOf(pushAll(to, [packet(fromHex(WHOLE_INTER + INTER), 3000)]))).toEqual([KEY]);
  });
});

describe("what a decoder needs", () => {
  test("vpcC, the size, and what playlists call it", () => {
    const { format } = push(frames(), 0, WHOLE_KEY + KEY)[0]!;
    expect(format).toMatchObject({
      ...{ codec: "vp9", codecs: "vp09.00.20.08" },
      ...{ width: 322, height: 182 },
    });
    // Level 2, 8 bits, 4:2:0, colours unknown.
    expect(format!.config.toHex()).toBe("01000000 00 14 82 020202 0000".replaceAll(" ", ""));
  });

  test("F10: the same object until a decoder has to be told something else", () => {
    const to = frames();
    const first = push(to, 0, WHOLE_KEY + KEY)[0]!.format!;
    expect(push(to, 1, WHOLE_KEY + KEY)[0]!.format).toBe(first);
    // 642 wide.
    const wide = push(to, 2, WHOLE_KEY + KEY.replace("001410", "002810"))[0]!.format!;
    expect(wide).toMatchObject({ width: 642, height: 182, codecs: "vp09.00.21.08" });
  });

  /** The header of a keyframe of 1920x1080: marker, profile (2 to 3 bits), flags, and its colours. */
  const header = (profile: string, colors: string): string => {
    const sync = (0x498342).toString(2).padStart(24, "0");
    const size = [1919, 1079].map((side) => side.toString(2).padStart(16, "0")).join("");
    const bits = `10${profile}0010${sync}${colors}${size}0000000`;
    return bits
      .match(/.{8}/g)!
      .map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, "0"))
      .join("");
  };

  test.each([
    // color_space (3), color_range; subsampling of odd profiles (2), and a bit that is 0.
    ["BT.709, full range", "00", "0101", "vp09.00.41.08", "0029 83 010101"],
    ["BT.601", "00", "0010", "vp09.00.41.08", "0029 82 060606"],
    ["4:4:4", "10", "0000000", "vp09.01.41.08", "0129 86 020202"],
    ["4:2:2", "10", "0000100", "vp09.01.41.08", "0129 84 020202"],
    ["sRGB", "10", "1110", "vp09.01.41.08", "0129 87 010d00"],
    ["10 bits of BT.2020", "01", "01010", "vp09.02.41.10", "0229 a2 090e09"],
    ["12 bits, 4:4:4", "110", "10000000", "vp09.03.41.12", "0329 c6 020202"],
  ])("colours: %s", (_, profile, colors, codecs, told) => {
    const { format } = push(frames(), 0, WHOLE_KEY + header(profile, colors))[0]!;
    expect(format).toMatchObject({ width: 1920, height: 1080, codecs });
    expect(format!.config.toHex()).toBe(`01000000${told.replaceAll(" ", "")}0000`);
  });

  test("a keyframe of a size that no picture has is dropped", () => {
    const to = frames();
    push(to, 0, WHOLE_KEY + KEY);
    expect(push(to, 1, WHOLE_KEY + KEY.replace("0014100b56", "fffffffff6"))).toEqual([]);
    expect(to.dropped).toBe(1);
  });
});

describe("layers, as Chromium sends them", () => {
  const sent = (name: Parameters<typeof layerVector>[0]) => {
    const to = frames();
    const { packets } = layerVector(name);
    const found = packets.flatMap(({ head, timestamp, marker }) =>
      pushAll(to, [packet(head, timestamp, marker ? MARK : 0)]),
    );
    return { to, found, packets };
  };

  test("in time are what one decoder takes", () => {
    const { to, found, packets } = sent("vp9-l1t3");
    expect(found).toHaveLength(new Set(packets.map(({ timestamp }) => timestamp)).size);
    expect(found.findLastIndex(({ key }) => key)).toBe(0);
    expect(found[0]!.format).toMatchObject({ width: 640, height: 360 });
    expect([to.unfit, to.dropped]).toEqual([null, 0]);
  });

  test.each(["vp9-l3t3", "vp9-l3t3-key"] as const)("in space are told: %s", (name) => {
    const { to, found } = sent(name);
    expect(found).toEqual([]);
    expect(to.unfit).toBe("its VP9 has several spatial layers");
  });

  test("in space that begin between keyframes are waited out until one tells", () => {
    const to = frames();
    push(to, 0, WHOLE_KEY + KEY);
    expect(push(to, 1, `e880010000${INTER}`, `ec80010302${INTER}`)).toEqual([]);
    expect([to.unfit, to.waitsForKeyframe]).toEqual([null, true]);
    expect(push(to, 2, WHOLE_KEY + KEY)).toHaveLength(1);
  });
});

test.each(
  Object.entries({
    "an empty payload": "",
    "a descriptor alone": "cc8001",
    "a descriptor that is cut short": "cc80",
    "a frame that does not begin": `c48001${INTER}`,
    "a frame that begins twice": `c88001${INTER} | cc8001${INTER}`,
    "a frame that ends twice": `cc8001${INTER} | c48001${INTER}`,
    "references without an end": `dc8001 030303${INTER}`,
    "a structure that is cut short": "ce8001 f0",
  }),
)("F11: malformed: %s", (_, bad) => {
  expectRecovery(frames(), { key: [WHOLE_KEY + KEY], delta: [WHOLE_INTER + INTER] }, bad);
});
