import { describe, expect, test } from "bun:test";
import { Av1Assembly } from "../../../src/packager/frames/av1.ts";
import type { Frame } from "../../../src/packager/frames/frame.ts";
import { VideoFrames } from "../../../src/packager/frames/video-frames.ts";
import { fromHex } from "../../support/hex.ts";
import { layerVector } from "../../support/layer-vectors.ts";
import { hexOf, packet, pushAll } from "../h264-packets.ts";
import { expectRecovery, frameAt, MARK } from "./malformed.ts";

/** As libaom writes it: 322x182, Main, level 2.0; without a size, as RTP has it. */
const SEQUENCE = "08000000043d06d4daf90040";
/** Frames: shown keyframe, hidden keyframe, inter frame, intra-only frame; a header that shows another. */
const [KEY, HIDDEN, INTER, INTRA] = ["3010aabb", "3000aabb", "3030cc", "3050cc"];
const SHOWN_AGAIN = "1890";

const frames = () => new VideoFrames(new Av1Assembly());
const size = (hex: string) => (hex.length / 2).toString(16).padStart(2, "0");
/** Elements with their sizes, W = 0. */
const elements = (...obus: string[]) => obus.map((obu) => size(obu) + obu).join("");
/** The first packet of a coded video sequence. */
const FIRST = `08${elements(SEQUENCE, KEY)}`;
const DELTA = `00${elements(INTER)}`;
/** An OBU with its size, as samples have it. */
function sized(obu: string, headerBytes = 1): string {
  const header = (Number.parseInt(obu.slice(0, 2), 16) | 2).toString(16).padStart(2, "0");
  const payload = obu.slice(2 * headerBytes);
  return header + obu.slice(2, 2 * headerBytes) + size(payload) + payload;
}
const push = (to: VideoFrames, n: number, ...payloads: string[]): Frame[] =>
  pushAll(to, frameAt(n * 3000, payloads));

describe("temporal units", () => {
  test.each([
    ["each element with its size", [FIRST]],
    ["the last one without", [`28${size(SEQUENCE)}${SEQUENCE}${KEY}`]],
    ["one in each packet", [`18${SEQUENCE}`, `10${KEY}`]],
    ["a frame in three packets", [`68${size(SEQUENCE)}${SEQUENCE}3010`, "d0aa", "90bb"]],
    ["a frame that begins with its header alone", [`18${SEQUENCE}`, "5030", "9010aabb"]],
    [
      "a delimiter, padding and a tile list besides",
      [`08${elements("10", SEQUENCE, "78ffff", KEY)}`, "0002 4001"],
    ],
    ["sizes that RTP should not have", [`08${elements(sized(SEQUENCE), sized(KEY))}`]],
    ["an element of no bytes", [`08${elements(SEQUENCE, "", KEY)}`]],
  ])("%s", (_, payloads) => {
    const found = push(frames(), 0, ...payloads);
    expect(hexOf(found)).toEqual([sized(SEQUENCE) + sized(KEY)]);
    expect(found[0]).toMatchObject({ key: true, samples: 0 });
  });

  test("extension headers, metadata and tile groups stay, of temporal layers, too", () => {
    const to = frames();
    const temporal = ["3420cc", "2a00", "24201122"];
    push(to, 0, FIRST);
    const [frame] = push(to, 1, `00${elements(...temporal)}`);
    expect(frame!.data.toHex()).toBe(sized(temporal[0]!, 2) + temporal[1] + sized(temporal[2]!, 2));
  });

  test("a size of two bytes where an OBU is long", () => {
    const long = `3010${"ab".repeat(300)}`;
    const [frame] = push(
      frames(),
      0,
      `18${SEQUENCE}`,
      `50${long.slice(0, 400)}`,
      `90${long.slice(400)}`,
    );
    expect(frame!.data.toHex()).toBe(`${sized(SEQUENCE)}32ad02${long.slice(2)}`);
  });

  test("a picture that is shown again is one, and what only goes with pictures is none", () => {
    const to = frames();
    push(to, 0, FIRST);
    expect(hexOf(push(to, 1, `10${SHOWN_AGAIN}`))).toEqual([sized(SHOWN_AGAIN)]);
    expect(push(to, 2, "102800")).toEqual([]);
    expect(to.dropped).toBe(0);
  });
});

describe("where a decoder can begin", () => {
  test.each([
    ["a keyframe without a sequence header", `10${KEY}`],
    ["one that is not shown", `08${elements(SEQUENCE, HIDDEN)}`],
    ["an inter frame with one", `08${elements(SEQUENCE, INTER)}`],
    ["an intra-only frame", `08${elements(SEQUENCE, INTRA)}`],
    ["one whose sequence header comes behind it", `08${elements(KEY, SEQUENCE)}`],
    ["one whose sequence header cannot be read", `08${elements("080000", KEY)}`],
  ])("not at %s", (_, payload) => {
    const to = frames();
    expect(push(to, 0, payload)).toEqual([]);
    expect(to.waitsForKeyframe).toBe(true);
    push(to, 1, FIRST);
    expect(push(to, 2, payload)).toMatchObject([{ key: false, format: null }]);
  });
});

describe("what a decoder needs", () => {
  test("av1C, the size, and what playlists call it", () => {
    const { format } = push(frames(), 0, FIRST)[0]!;
    expect(format).toMatchObject({
      codec: "av1",
      codecs: "av01.0.00M.08",
      width: 322,
      height: 182,
    });
    expect(format!.config.toHex()).toBe(`81000c00${sized(SEQUENCE)}`);
  });

  test("F10: the same object until a decoder has to be told something else", () => {
    const to = frames();
    const first = push(to, 0, FIRST)[0]!.format!;
    expect(push(to, 1, `28${size(SEQUENCE)}${SEQUENCE}${KEY}`)[0]!.format).toBe(first);
    // 323 wide.
    const other = SEQUENCE.replace("043d06", "043d0e");
    expect(push(to, 2, `08${elements(other, KEY)}`)[0]!.format).not.toBe(first);
  });
});

/** The same with two operating points: all of two spatial layers, and the lower one alone. */
function layered(): string {
  const bits = [...fromHex(SEQUENCE.slice(2))].map((byte) => byte.toString(2).padStart(8, "0"));
  // Seven flags, the count less one (5), one point of layers (12) and level (5), then all else.
  const [flags, rest] = [bits.join("").slice(0, 7), bits.join("").slice(7 + 5 + 17)];
  const points = ["001100000001", "00000", "000100000001", "00000"].join("");
  const all = `${flags}00001${points}${rest}0000000`;
  const bytes = all.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
  return `08${Uint8Array.from(bytes).toHex()}`;
}

describe("layers", () => {
  /** A frame of the layer above. */
  const upper = "340810ffff";

  test("in time are what one decoder takes, as Chromium sends them", () => {
    const to = frames();
    const { packets } = layerVector("av1-l1t3");
    const found = packets.flatMap(({ head, timestamp, marker }) =>
      pushAll(to, [packet(head, timestamp, marker ? MARK : 0)]),
    );
    expect(found).toHaveLength(new Set(packets.map(({ timestamp }) => timestamp)).size);
    expect(found.findLastIndex(({ key }) => key)).toBe(0);
    expect(found[0]!.format).toMatchObject({ width: 640, height: 360 });
    expect([to.unfit, to.dropped]).toEqual([null, 0]);
  });

  test("in space are told with the keyframe that has them", () => {
    const to = frames();
    expect(push(to, 0, FIRST, `10${upper}`)).toEqual([]);
    expect(to.unfit).toBe("its AV1 has several spatial layers");
    const known = frames();
    expect(push(known, 0, `08${elements(layered(), KEY)}`)).toEqual([]);
    expect(known.unfit).not.toBeNull();
  });

  test("in space that begin between keyframes are waited out until one tells", () => {
    const to = frames();
    push(to, 0, FIRST);
    expect(push(to, 1, DELTA, `10${upper}`)).toEqual([]);
    expect([to.unfit, to.waitsForKeyframe]).toEqual([null, true]);
    expect(push(to, 2, FIRST)).toHaveLength(1);
    expect(to.unfit).toBeNull();
  });
});

test.each(
  Object.entries({
    "an empty payload": "",
    "a header alone": "10",
    "an element beyond the packet": "00 40 3030",
    "a size that does not end": "00 80",
    "fewer elements than are told": "20 02 3030",
    "a continuation of nothing": "90 cc",
    "an end that does not come": "50 3030 | 10 3030cc",
    "an OBU with a forbidden bit": "10 b030cc",
    "an extension that is cut short": "10 34",
    "a size of its own beyond the element": "10 3240cc",
    "a size of its own that does not end": "10 3280",
  }),
)("F11: malformed: %s", (_, bad) => {
  expectRecovery(frames(), { key: [FIRST], delta: [DELTA] }, bad);
});
