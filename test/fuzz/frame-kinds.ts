/** The codecs of the tail's pictures, each with true frames and with what its samples are held to. */
import { readH264Record, readH265Record } from "../../src/client/decoder-record.ts";
import type { Frame } from "../../src/packager/frames/frame.ts";
import { sameBytes } from "../../src/wire/bytes.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { splitUnits } from "../../src/wire/frame-units.ts";
import { splitObus } from "../../src/wire/obus.ts";
import { Vp9Header } from "../../src/wire/vp9-header.ts";
import { CACHED, DELTA, frameOf, IDR, PPS, SMALL_SPS, SPS } from "../packager/h264-packets.ts";
import { fromHex } from "../support/hex.ts";
import type { Dice } from "./dice.ts";
import { join } from "./dice.ts";
import { demand } from "./judge.ts";

export interface FrameKind {
  readonly codec: CodecId;
  /** First bytes of payloads that may mean something. */
  readonly forms: readonly number[];
  /** Parameter sets as the ring has them. */
  readonly cached: Uint8Array;
  /** A frame as an encoder makes it. */
  readonly make: (dice: Dice, key: boolean) => Uint8Array;
  /** A keyframe and one that builds on it, each as it is sent and as a sample. */
  readonly key: readonly [sent: Uint8Array, sample: Uint8Array];
  readonly delta: readonly [sent: Uint8Array, sample: Uint8Array];
  /** Throws where a sample is none. */
  readonly check: (frame: Frame) => void;
}

/** `start`, and anything behind it. */
function body(dice: Dice, start: Uint8Array, bytesMax = 4000): Uint8Array {
  return join(start, dice.bytes(dice.below(bytesMax)));
}

/** Units behind their lengths, of types that samples have, of which the first of a picture tells of a key. */
function checkUnits(
  { data, key }: Frame,
  typeOf: (unit: Uint8Array) => number,
  isLeftOut: (type: number) => boolean,
  isKey: (type: number) => boolean,
  lastSlice: number,
): void {
  const units = splitUnits(data, 4);
  demand(units !== null && sameBytes(frameOf(...units), data), "units and their lengths fill it");
  demand(
    units.every((unit) => (unit[0]! & 0x80) === 0),
    "a broken unit is in it",
  );
  const types = units.map(typeOf);
  demand(!types.some(isLeftOut), `a unit that no sample has is in it: ${types}`);
  const first = types.find((type) => type <= lastSlice);
  demand(first !== undefined && key === isKey(first), "it is a picture, and key says which");
}

const H264: FrameKind = {
  codec: Codec.h264,
  forms: [0x78, 0x7c, 0x7c, 0x79, 0x7d, 0x7e, 0x00, 0x41, 0x65, 0x67, 0x68, 0xe5],
  cached: CACHED,
  make: (dice, key) => {
    const start = (key ? IDR : DELTA).subarray(0, 3);
    const slices = Array.from({ length: dice.between(1, 3) }, () => body(dice, start));
    const sets = [dice.chance(0.8) ? SPS : SMALL_SPS, PPS];
    return frameOf(...(key && dice.chance(0.8) ? sets : []), ...slices);
  },
  key: [frameOf(SPS, PPS, IDR), frameOf(IDR)],
  delta: [frameOf(DELTA), frameOf(DELTA)],
  check: (frame) => {
    const isLeftOut = (type: number) => type < 1 || type >= 24 || [7, 8, 9, 12].includes(type);
    checkUnits(
      frame,
      (unit) => unit[0]! & 0x1f,
      isLeftOut,
      (type) => type === 5,
      5,
    );
    const { format } = frame;
    demand(format === null || readH264Record(format.config) !== null, "avcC can be read");
  },
};

const HEVC_SETS = [
  "40010c01ffff01600000030090000003000003003cba0240",
  "42010101600000030090000003000003003ca00a880c1c44d96e92930bc05a020000030002000003003c10",
  "4401c073c189",
].map((hex) => fromHex(hex));
const [HEVC_KEY, HEVC_DELTA] = [fromHex("2601a8aabb"), fromHex("0201d0aabb")];

const H265: FrameKind = {
  codec: Codec.h265,
  forms: [0x60, 0x62, 0x62, 0x64, 0x7e, 0x02, 0x26, 0x2a, 0x40, 0x42, 0x44, 0x4e, 0x82],
  cached: join([0x60, 1], ...HEVC_SETS.flatMap((set) => [[0, set.length], set])),
  make: (dice, key) => {
    const start = (key ? HEVC_KEY : HEVC_DELTA).subarray(0, 3);
    const slices = Array.from({ length: dice.between(1, 3) }, () => body(dice, start));
    return frameOf(...(key && dice.chance(0.8) ? HEVC_SETS : []), ...slices);
  },
  key: [frameOf(...HEVC_SETS, HEVC_KEY), frameOf(HEVC_KEY)],
  delta: [frameOf(HEVC_DELTA), frameOf(HEVC_DELTA)],
  check: (frame) => {
    const isLeftOut = (type: number) => type >= 48 || (type >= 32 && type <= 38);
    const isKey = (type: number) => type >= 16 && type <= 21;
    checkUnits(frame, (unit) => unit[0]! >> 1, isLeftOut, isKey, 31);
    const { format } = frame;
    demand(format === null || readH265Record(format.config) !== null, "hvcC can be read");
  },
};

const VP9_KEY = fromHex("824983420014100b560638241c18");
const VP9_DELTA = fromHex("8600409c0b");
const header = new Vp9Header();

const VP9: FrameKind = {
  codec: Codec.vp9,
  forms: [0x80, 0x8c, 0xcc, 0x88, 0x84, 0x8e, 0xac, 0xae, 0xbc, 0xfd, 0xdc, 0x00],
  cached: new Uint8Array(0),
  make: (dice, key) => body(dice, key ? VP9_KEY : VP9_DELTA),
  key: [VP9_KEY, VP9_KEY],
  delta: [VP9_DELTA, VP9_DELTA],
  check: ({ data, key, format }) => {
    demand(!key || header.read(data, 0, data.length), "a keyframe says what it is");
    demand(format === null || format.config.length === 12, "vpcC is as long as it is");
  },
};

const SEQUENCE = fromHex("0a0b000000043d06d4daf90040");
const AV1_KEY = join(SEQUENCE, fromHex("320410aabbcc"));
const AV1_DELTA = fromHex("320330ccdd");

/** An OBU of a frame with its size (two bytes). */
function sizedFrame(dice: Dice, start: number): Uint8Array {
  const rest = body(dice, Uint8Array.of(start));
  return join([0x32, 0x80 | (rest.length & 0x7f), rest.length >> 7], rest);
}

const AV1: FrameKind = {
  codec: Codec.av1,
  forms: [0x00, 0x10, 0x20, 0x30, 0x08, 0x18, 0x28, 0x40, 0x50, 0x80, 0x90, 0xc0, 0xd0],
  cached: new Uint8Array(0),
  make: (dice, key) =>
    key ? join(SEQUENCE, sizedFrame(dice, 0x10)) : join(sizedFrame(dice, 0x30), [0x2a, 1, 0]),
  key: [AV1_KEY, AV1_KEY],
  delta: [AV1_DELTA, AV1_DELTA],
  check: ({ data, key, format }) => {
    const units = splitObus(data);
    demand(units !== null, "units and their sizes fill it");
    demand(
      units.every(({ header: [first] }) => (first! & 2) !== 0),
      "each has its size",
    );
    const types = units.map(({ type }) => type);
    demand(!types.some((type) => [2, 8, 15].includes(type)), "an OBU that no sample has is in it");
    const picture = types.findIndex((type) => type === 3 || type === 6);
    demand(picture >= 0, "it is a picture");
    demand(!key || types.slice(0, picture).includes(1), "a keyframe has a sequence header");
    demand(format === null || format.config[0] === 0x81, "av1C is of version 1");
  },
};

export const FRAME_KINDS = [H264, H265, VP9, AV1];
