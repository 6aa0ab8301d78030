import { expect, test } from "bun:test";
import { PICTURE_AREA_MAX, PICTURE_SIDE_MAX } from "../../src/limits.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { isPictureSize } from "../../src/wire/picture-size.ts";

const word = (value: number) => [value & 0xff, value >> 8];
const network = (value: number) => [value >> 8, value & 0xff];

/** Sizes that one payload tells, [0, 0] when it tells none. */
function told(codec: CodecId, payload: readonly number[]): [number, number] {
  const out = new PayloadDescription();
  const bytes = Uint8Array.from(payload);
  expect(describePayload(codec, bytes, 0, bytes.length, true, out)).toBe(true);
  return [out.width, out.height];
}

/** RFC 7741 4.3 and RFC 6386 9.1: a keyframe's start code and its size. */
const vp8 = (width: number, height: number) =>
  told(Codec.vp8, [0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, ...word(width), ...word(height), 0, 0]);

/** RFC 9628 4.2.1: a scalability structure of one layer with its size. */
const vp9 = (width: number, height: number) =>
  told(Codec.vp9, [
    0x0a,
    0x10,
    ...network(width),
    ...network(height),
    0x82,
    0x49,
    0x83,
    0x42,
    0,
    0,
  ]);

test("S11: sizes that no picture has are taken for not stated, whatever the codec", () => {
  expect(vp8(640, 360)).toEqual([640, 360]);
  for (const [width, height] of [
    [16383, 16383],
    [1, 1],
    [0, 360],
    [640, 0],
    [16383, 4],
  ] as const) {
    expect([width, height, ...vp8(width, height)]).toEqual([width, height, 0, 0]);
  }
  expect(vp9(1280, 720)).toEqual([1280, 720]);
  for (const [width, height] of [
    [65535, 65535],
    [65535, 16],
    [1280, 0],
    [2, 2],
  ] as const) {
    expect([width, height, ...vp9(width, height)]).toEqual([width, height, 0, 0]);
  }
});

test("S11: what cameras, screens and walls send is a picture", () => {
  const sizes = [
    [16, 16],
    [176, 144],
    [1080, 1920],
    [3840, 64],
    [7680, 4320],
    [8192, 4320],
  ] as const;
  for (const [width, height] of sizes) expect(isPictureSize(width, height)).toBe(true);
  expect(isPictureSize(65536, 65536)).toBe(false);
  expect(isPictureSize(PICTURE_SIDE_MAX, PICTURE_AREA_MAX / PICTURE_SIDE_MAX)).toBe(true);
  expect(isPictureSize(PICTURE_SIDE_MAX, PICTURE_AREA_MAX / PICTURE_SIDE_MAX + 1)).toBe(false);
  expect(isPictureSize(Number.NaN, 720)).toBe(false);
});
