import { describe, expect, test } from "bun:test";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { ParameterSet, PayloadDescription } from "../../src/wire/payload-description.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

function said(codec: CodecId, hex: string, marker = false): PayloadDescription {
  const payload = fromHex(hex);
  const bytes = new Uint8Array(payload.length + 7).fill(0xff);
  bytes.set(payload, 3);
  const out = new PayloadDescription();
  expect(describePayload(codec, bytes, 3, payload.length, marker, out), hex).toBe(true);
  return out;
}

function refused(codec: CodecId, hex: string): boolean {
  const payload = fromHex(hex);
  return !describePayload(codec, payload, 0, payload.length, false, new PayloadDescription());
}

/** Hex of a bit string, the last byte filled with ones (no emulation prevention needed then). */
function packed(...fields: string[]): string {
  const bits = fields.join("").replaceAll(" ", "");
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1").match(/.{8}/g) ?? [];
  return bytes.map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, "0")).join("");
}

/** Exp-Golomb. */
function ue(value: number): string {
  const code = (value + 1).toString(2);
  return "0".repeat(code.length - 1) + code;
}

const fixed = (value: number, bits: number) => value.toString(2).padStart(bits, "0");

describe("H.264", () => {
  test("parameter sets and IDR in one STAP-A", () => {
    const out = said(Codec.h264, `78 0007 6742c01e000000 0002 68ce 0003 65b800`, true);
    expect(out).toMatchObject({ keyframe: true, frameStart: true, frameEnd: true });
    expect(out.parameterSets).toBe(ParameterSet.sps | ParameterSet.pps);
    expect(out.idrWithoutSps).toBe(false);
  });

  test("IDR: single, first fragment, other fragments, second slice", () => {
    expect(said(Codec.h264, "65b800")).toMatchObject({ keyframe: true, idrWithoutSps: true });
    expect(said(Codec.h264, "7c85b800")).toMatchObject({ keyframe: true, idrWithoutSps: true });
    expect(said(Codec.h264, "7c05b800")).toMatchObject({ keyframe: false, frameStart: false });
    expect(said(Codec.h264, "7c45b800")).toMatchObject({ keyframe: false });
    expect(said(Codec.h264, "654800")).toMatchObject({ keyframe: false, frameStart: false });
  });

  test("other pictures", () => {
    expect(said(Codec.h264, "419a00")).toMatchObject({ keyframe: false, frameStart: true });
  });

  test("broken forms", () => {
    for (const hex of ["7c", "7cc5aa", "78", "780000", "780009aa", "1f00", "00aa", "7900aa"]) {
      expect(refused(Codec.h264, hex), hex).toBe(true);
    }
  });
});

describe("H.264 size", () => {
  test("High profile, 1280 x 720, with emulation prevention", () => {
    const sps = "6764001facd9405005bb011000000300100000030320f1831960";
    expect(said(Codec.h264, sps)).toMatchObject({ width: 1280, height: 720, keyframe: true });
  });
  test("Baseline, cropped to 640 x 360, in frames and in fields", () => {
    const head = [ue(0), ue(0), ue(2), ue(1), "0", ue(39)];
    const frames = packed(...head, ue(22), "1", "1", "1", ue(0), ue(0), ue(0), ue(4));
    expect(said(Codec.h264, `6742c01e${frames}`)).toMatchObject({ width: 640, height: 360 });
    const fields = packed(...head, ue(11), "00", "1", "1", ue(0), ue(0), ue(0), ue(6));
    expect(said(Codec.h264, `674d401e${fields}`)).toMatchObject({ width: 640, height: 360 });
  });
  test("a truncated SPS is still a keyframe, of unknown size", () => {
    expect(said(Codec.h264, "6742c01eff")).toMatchObject({ keyframe: true, width: 0, height: 0 });
  });
});

describe("H.265", () => {
  test("VPS, SPS, PPS and IDR in an aggregation packet", () => {
    const out = said(Codec.h265, "6001 0003 400100 0003 420100 0003 440100 0003 2601af");
    expect(out.parameterSets).toBe(ParameterSet.vps | ParameterSet.sps | ParameterSet.pps);
    expect(out).toMatchObject({ keyframe: true, frameStart: true, idrWithoutSps: false });
  });
  test("IDR, CRA, fragments, TID", () => {
    expect(said(Codec.h265, "2601af")).toMatchObject({ keyframe: true, idrWithoutSps: true });
    expect(said(Codec.h265, "2a01af")).toMatchObject({ keyframe: true, idrWithoutSps: false });
    expect(said(Codec.h265, "620193af00")).toMatchObject({ keyframe: true, frameStart: true });
    expect(said(Codec.h265, "620113af00")).toMatchObject({ keyframe: false, frameStart: false });
    expect(said(Codec.h265, "0203d0")).toMatchObject({ keyframe: false, temporalId: 2 });
    expect(said(Codec.h265, "0602d0")).toMatchObject({ temporalId: 1, switchingPoint: true });
  });
  test("size of a Main profile SPS, 1280 x 720", () => {
    const sps =
      "420101016000000300900000030000030078a00280802d16595e4932bc05a02000000300200000030321";
    expect(said(Codec.h265, sps)).toMatchObject({ width: 1280, height: 720 });
  });
  test("broken forms", () => {
    for (const hex of ["26", "6001", "60010009aaaa", "6201", "6201d3aa", "6401aa"]) {
      expect(refused(Codec.h265, hex), hex).toBe(true);
    }
  });
});

test("VP8", () => {
  const frame = "100200 9d012a 8002 e001";
  expect(said(Codec.vp8, `90e0 8123 44 ${frame}`.replace("90e0", "90c0"))).toMatchObject({
    keyframe: true,
    frameStart: true,
    width: 640,
    height: 480,
    pictureId: 0x123,
    pictureIdBits: 15,
    pictureIdOffset: 2,
    tl0PicIdx: 0x44,
    tl0PicIdxOffset: 4,
  });
  expect(said(Codec.vp8, "b0f0 23 44 b3 01")).toMatchObject({
    keyframe: false,
    pictureId: 0x23,
    pictureIdBits: 7,
    temporalId: 2,
    switchingPoint: true,
  });
  expect(said(Codec.vp8, `80 80 05 00`)).toMatchObject({ keyframe: false, frameStart: false });
  expect(said(Codec.vp8, "1100")).toMatchObject({ keyframe: false, frameStart: false });
  for (const hex of ["10", "90", "9080", "908080", "90f0010203"]) {
    expect(refused(Codec.vp8, hex), hex).toBe(true);
  }
});

test("VP9", () => {
  // I, L, B, E, V; 15 bits; TID 0, SID 0; TL0PICIDX; two spatial layers with sizes.
  expect(said(Codec.vp9, "ae 9234 00 07 30 0140 00b4 0280 0168 82")).toMatchObject({
    keyframe: true,
    frameStart: true,
    frameEnd: true,
    width: 640,
    height: 360,
    pictureId: 0x1234,
    tl0PicIdx: 7,
    tl0PicIdxOffset: 4,
  });
  // The upper layer of a key picture is no keyframe of its own.
  expect(said(Codec.vp9, "ac 9234 03 07 82")).toMatchObject({
    keyframe: false,
    spatialId: 1,
  });
  // Flexible, predicted, two references, TID 2, U, Z.
  expect(said(Codec.vp9, "f9 05 50 03 04 82")).toMatchObject({
    keyframe: false,
    frameStart: true,
    frameEnd: false,
    temporalId: 2,
    switchingPoint: true,
    tl0PicIdx: -1,
    notReferencedAbove: true,
  });
  // Uncompressed header: profile 0, key, shown; sync code; color space 2; 1280 x 720.
  expect(said(Codec.vp9, "8c 9234 82 498342 40 4ff0 2cf0")).toMatchObject({
    keyframe: true,
    width: 1280,
    height: 720,
  });
  for (const hex of ["8c", "8c92", "f905500305", "8e9234", "8e923410"]) {
    expect(refused(Codec.vp9, hex), hex).toBe(true);
  }
});

test("AV1", () => {
  const size = [fixed(10, 4), fixed(9, 4), fixed(1279, 11), fixed(719, 10)];
  const points = [fixed(0, 5), fixed(0, 12), fixed(8, 5), "0"];
  const plain = packed("000 0 0", "0 0", ...points, ...size);
  const timing = ["1", fixed(1, 32), fixed(50, 32), "1", ue(0), "1", fixed(9, 5), fixed(1, 32)];
  const model = [...timing, fixed(9, 5), fixed(9, 5), "1", ...points, "1", fixed(0, 21), "1 0000"];
  const timed = packed("000 0 0", ...model, ...size);
  const still = packed("000 1 1", fixed(4, 5), ...size);
  for (const sequence of [plain, timed, still]) {
    const length = (1 + sequence.length / 2).toString(16).padStart(2, "0");
    expect(said(Codec.av1, `28 ${length} 08${sequence} 30aabb`), sequence).toMatchObject({
      keyframe: true,
      frameStart: true,
      width: 1280,
      height: 720,
    });
  }
  expect(said(Codec.av1, "10 34 48 aa")).toMatchObject({
    keyframe: false,
    temporalId: 2,
    spatialId: 1,
  });
  expect(said(Codec.av1, "90 ffff")).toMatchObject({ frameStart: false });
  for (const hex of ["10", "9800", "00 05 aa", "20 05 aa", "30 01 aa"]) {
    expect(refused(Codec.av1, hex), hex).toBe(true);
  }
});

test("every Opus packet is a whole frame to start at", () => {
  expect(said(Codec.opus, "fcaa")).toMatchObject({ keyframe: true, frameEnd: true });
  expect(refused(Codec.opus, "")).toBe(true);
});

test("random and mutated input to every codec", () => {
  const samples = [
    "780007674200000000000002 68ce000365b800".replaceAll(" ", ""),
    "6764001facd9405005bb011000000300100000030320f1831960",
    "420101016000000300900000030000030078a00280802d16595e4932bc05a02000000300200000030321",
    "90c081234410020 09d012a8002e001".replaceAll(" ", ""),
    "ae92340007300140 00b40280016882".replaceAll(" ", ""),
    "280b0800000024cf7f0dbfff300830aabb",
  ].map(fromHex);
  const out = new PayloadDescription();
  fuzz(5, samples, (bytes, offset, length) => {
    for (const codec of Object.values(Codec)) {
      if (!describePayload(codec, bytes, offset, length, true, out)) continue;
      if (out.pictureIdOffset >= length || out.tl0PicIdxOffset >= length)
        throw new Error("outside");
      if (out.width < 0 || out.width > 2 ** 17) throw new Error(`width ${out.width}`);
    }
  });
});
