import { expect, test } from "bun:test";
import {
  type RingFigures,
  type RingTold,
  readFigures,
  readHeads,
  readParameterSets,
  readRing,
  readTiming,
  writeFigures,
  writeHeads,
  writeParameterSets,
  writeRing,
  writeTiming,
} from "../../../src/wire/cascade/ring.ts";
import { Codec } from "../../../src/wire/codecs.ts";
import { checkFrame, overWire } from "./frames.ts";

const TOLD: RingTold = {
  alias: 2,
  ring: 8,
  codec: Codec.vp9,
  clockRate: 90_000,
  fmtp: "profile-id=0",
  rid: "h",
  targetsVersion: 255,
  targets: Uint8Array.of(0, 1, 8, 9),
};

const FIGURES: RingFigures = {
  alias: 2,
  ring: 1,
  points: [
    { point: 0, bitrate: 300_000, ageUs: 5_000 },
    { point: 31, bitrate: 0, ageUs: 0 },
  ],
  sizes: [0, 0, 0x0280_0168, 0xffff_ffff],
  size: 0x0280_0168,
  hasKeyframe: true,
  ignoresPli: false,
};

test("what a parent tells of rings comes back as it was written", () => {
  checkFrame(writeRing(TOLD), readRing, TOLD);
  const plain: RingTold = {
    ...TOLD,
    fmtp: "",
    rid: "",
    targetsVersion: 0,
    targets: new Uint8Array(0),
  };
  checkFrame(writeRing(plain), readRing, plain);
  const sets = { alias: 2, ring: 1, payload: new Uint8Array(1024).fill(3) };
  checkFrame(writeParameterSets(sets), readParameterSets, sets);
  const heads = {
    alias: 2,
    heads: [null, -1, 2 ** 31 - 1],
    rootAgeUs: 12_000,
    left: 5,
    withheld: 4,
    began: [null, -7],
  };
  checkFrame(writeHeads(heads), readHeads, heads, 2);
  // Of a node that tells of nothing withheld.
  const before = writeHeads(heads).slice(0, 5);
  expect(overWire(before, readHeads)).toEqual({ ...heads, withheld: 0, began: [] });
  checkFrame(writeFigures(FIGURES), readFigures, FIGURES);
  const timing = { alias: 2, ring: 1, rtp: 0xffff_ffff, ntpUs: 3_900_000_000_000_000, ageUs: 9 };
  checkFrame(writeTiming(timing), readTiming, timing);
});

test("beyond their measure they are none", () => {
  for (const each of [
    { ring: 9 },
    { codec: 7 as RingTold["codec"] },
    { clockRate: 0 },
    { fmtp: "x".repeat(1025) },
    { rid: "x".repeat(257) },
    { targetsVersion: 256 },
    { targets: new Uint8Array(33) },
  ]) {
    expect(overWire(writeRing({ ...TOLD, ...each }), readRing)).toBeNull();
  }
  for (const each of [
    { points: [{ point: 32, bitrate: 0, ageUs: 0 }] },
    { points: new Array(33).fill(FIGURES.points[0]) },
    { sizes: [0, 0, 0, 0, 0] },
    { sizes: [2 ** 32] },
  ]) {
    expect(overWire(writeFigures({ ...FIGURES, ...each }), readFigures)).toBeNull();
  }
  const written = writeFigures(FIGURES);
  (written[3] as number[]).pop();
  expect(overWire(written, readFigures)).toBeNull();
  const sets = { alias: 2, ring: 1, payload: new Uint8Array(1025) };
  expect(overWire(writeParameterSets(sets), readParameterSets)).toBeNull();
  const heads = {
    alias: 2,
    heads: new Array(10).fill(null),
    rootAgeUs: 0,
    left: 0,
    withheld: 0,
    began: [],
  };
  expect(overWire(writeHeads(heads), readHeads)).toBeNull();
});
