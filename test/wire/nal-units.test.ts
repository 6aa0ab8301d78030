import { expect, test } from "bun:test";
import { H264_LAYOUT } from "../../src/wire/h264.ts";
import { H265_LAYOUT } from "../../src/wire/h265.ts";
import { type NalLayout, NalUnits } from "../../src/wire/nal-units.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

const units = new NalUnits();

/** Type, header, offset and length of each unit of a payload that stands two bytes inside. */
function walked(layout: NalLayout, hex: string): (number | boolean)[][] {
  const bytes = fromHex(`ffff ${hex} ff`);
  units.reset(layout, bytes, 2, bytes.length - 3);
  const found: (number | boolean)[][] = [];
  while (units.next(layout)) {
    found.push([units.type, units.header, units.offset - 2, units.length, units.complete]);
  }
  return found;
}

test("H.264: a single unit, an STAP-A, the first FU-A of a unit", () => {
  expect(walked(H264_LAYOUT, "65b8")).toEqual([[5, 0x65, 0, 2, true]]);
  expect(walked(H264_LAYOUT, "78 0002 6742 0002 68ce 0001 65")).toEqual([
    [7, 0x67, 3, 2, true],
    [8, 0x68, 7, 2, true],
    [5, 0x65, 11, 1, true],
  ]);
  expect(walked(H264_LAYOUT, "7c 85 b800")).toEqual([[5, 0x65, 1, 3, false]]);
  expect(units.malformed).toBe(false);
});

test("H.265: a single unit, an AP, the first FU of a unit", () => {
  expect(walked(H265_LAYOUT, "2601 af")).toEqual([[19, 0x26, 0, 3, true]]);
  expect(walked(H265_LAYOUT, "6001 0003 4001aa 0002 4401")).toEqual([
    [32, 0x40, 4, 3, true],
    [34, 0x44, 9, 2, true],
  ]);
  expect(walked(H265_LAYOUT, "6201 93 af00")).toEqual([[19, 0x26, 1, 4, false]]);
  expect(units.malformed).toBe(false);
});

test("in later fragments no unit begins", () => {
  for (const [layout, hex] of [
    [H264_LAYOUT, "7c05b800"],
    [H264_LAYOUT, "7c45b800"],
    [H265_LAYOUT, "620113af"],
    [H265_LAYOUT, "620153af"],
  ] as const) {
    expect(walked(layout, hex), hex).toEqual([]);
    expect(units.malformed, hex).toBe(false);
  }
});

test("what is no payload, and the units in front of a fault", () => {
  const broken: [NalLayout, string[]][] = [
    [H264_LAYOUT, ["", "7c85", "7cc5aa", "78", "780000", "780009aa", "1f00", "00aa", "7900aa"]],
    [H265_LAYOUT, ["", "2601", "620193", "6201d3af", "6001", "60010002", "6401aa", "600100014040"]],
  ];
  for (const [layout, payloads] of broken) {
    for (const hex of payloads) {
      expect(walked(layout, hex), hex).toEqual([]);
      expect(units.malformed, hex).toBe(true);
    }
  }
  expect(walked(H264_LAYOUT, "78 0002 6742 0009 68")).toEqual([[7, 0x67, 3, 2, true]]);
  expect(units.malformed).toBe(true);
});

test("units lie inside of random payloads", () => {
  for (const layout of [H264_LAYOUT, H265_LAYOUT]) {
    const samples = ["78 0002 6742 0002 68ce", "6001 0003 4001aa 0002 4401", "7c85b8"].map(fromHex);
    fuzz(9, samples, (bytes, offset, length) => {
      units.reset(layout, bytes, offset, length);
      while (units.next(layout)) {
        const end = units.offset + units.length;
        if (units.offset < offset || end > offset + length || units.length < 1) {
          throw new Error("a unit outside");
        }
      }
    });
  }
});
