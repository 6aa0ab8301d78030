import { expect, test } from "bun:test";
import { ParameterSets } from "../../src/media/parameter-sets.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { H265_LAYOUT } from "../../src/wire/h265.ts";
import { NalUnits } from "../../src/wire/nal-units.ts";
import { fuzz } from "../support/fuzz.ts";

const SPS = [0x67, 0x42, 0xc0, 0x1f];
const PPS = [0x68, 0xce, 0x3c, 0x80];
const PPS_2 = [0x68, 0xcf, 0x00];
const note = (sets: ParameterSets, bytes: number[], timestamp: number) =>
  sets.note(new Uint8Array([9, 9, ...bytes]), 2, bytes.length, timestamp);

test("H.264: single units and aggregates become one STAP-A, once", () => {
  const sets = new ParameterSets(64);
  sets.reset(Codec.h264, "");
  expect(sets.payload.length).toBe(0);
  note(sets, SPS, 1);
  note(sets, PPS, 1);
  const expected = [0x78, 0, 4, ...SPS, 0, 4, ...PPS];
  expect([...sets.payload]).toEqual(expected);
  const { version } = sets;
  // The same again, now with an IDR in one aggregate: nothing new.
  note(sets, [0x78, 0, 4, ...SPS, 0, 4, ...PPS, 0, 2, 0x65, 0x88], 2);
  expect([...sets.payload]).toEqual(expected);
  expect(sets.version).toBe(version);
  note(sets, PPS_2, 3);
  expect([...sets.payload]).toEqual([...expected, 0, 3, ...PPS_2]);
  // A changed SPS begins a new collection.
  note(sets, [...SPS, 1], 4);
  expect([...sets.payload]).toEqual([0x78, 0, 5, ...SPS, 1]);
  sets.reset(Codec.h264, "");
  expect(sets.payload.length).toBe(0);
  expect(sets.version).toBeGreaterThan(version);
});

test("H.265: VPS, SPS and PPS become one aggregation packet", () => {
  const vps = [0x40, 0x01, 0x0c];
  const sps = [0x42, 0x01, 0x01, 0x02];
  const pps = [0x44, 0x01, 0xc1];
  const base64 = (bytes: number[]) => Buffer.from(bytes).toString("base64");
  const sets = new ParameterSets(64);
  sets.reset(
    Codec.h265,
    `sprop-vps=${base64(vps)}; sprop-sps=${base64(sps)};sprop-pps=${base64(pps)}`,
  );
  const fromSdp = [...sets.payload];
  sets.reset(Codec.h265, "");
  for (const unit of [vps, sps, pps]) note(sets, unit, 5);
  expect([...sets.payload]).toEqual(fromSdp);
  const units = new NalUnits();
  units.reset(H265_LAYOUT, sets.payload, 0, sets.payload.length);
  const types: number[] = [];
  while (units.next(H265_LAYOUT)) types.push(units.type);
  expect(types).toEqual([32, 33, 34]);
  expect(units.malformed).toBe(false);
});

test("a set that does not fit is left out", () => {
  const sets = new ParameterSets(10);
  sets.reset(Codec.h264, "");
  note(sets, SPS, 1);
  note(sets, PPS, 1);
  expect([...sets.payload]).toEqual([0x78, 0, 4, ...SPS]);
});

test("random payloads never overflow it", () => {
  const sets = new ParameterSets(100);
  for (const codec of [Codec.h264, Codec.h265]) {
    sets.reset(codec, "");
    const samples = [new Uint8Array([0x78, 0, 4, ...SPS, 0, 4, ...PPS]), new Uint8Array(SPS)];
    let timestamp = 0;
    fuzz(6, samples, (bytes, offset, length) => {
      timestamp += 1;
      sets.note(bytes, offset, length, timestamp);
      if (sets.payload.length > 100) throw new Error("overflow");
    });
  }
});
