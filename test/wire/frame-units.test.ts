import { expect, test } from "bun:test";
import { joinUnits, splitUnits } from "../../src/wire/frame-units.ts";
import { fromHex } from "../support/hex.ts";

const split = (hex: string, lengthBytes: 0 | 1 | 2 | 4) =>
  splitUnits(fromHex(hex), lengthBytes)?.map((unit) => unit.toHex()) ?? null;

test("units behind lengths of 1, 2 and 4 bytes, without empty ones", () => {
  expect(split("02 aabb 00 01 cc", 1)).toEqual(["aabb", "cc"]);
  expect(split("0002 aabb 0000 0001 cc", 2)).toEqual(["aabb", "cc"]);
  expect(split("00000002 aabb 00000000 00000001 cc", 4)).toEqual(["aabb", "cc"]);
  expect(split("", 4)).toEqual([]);
});

test("a length that does not fit", () => {
  expect(split("00000003 aabb", 4)).toBeNull();
  expect(split("00000001 aa 000000", 4)).toBeNull();
  expect(split("ffffffff aa", 4)).toBeNull();
});

test("units behind start codes of three and four bytes; zeros belong to none of them", () => {
  expect(split("000001 aa00bb 00000001 cc 0000", 0)).toEqual(["aa00bb", "cc"]);
  expect(split("0000000001 aa", 0)).toEqual(["aa"]);
  expect(split("aa 000001 bb", 0)).toBeNull();
  expect(split("aabb", 0)).toBeNull();
});

test("joined with lengths of four bytes", () => {
  const units = ["aabb", "cc"].map(fromHex);
  expect(joinUnits(units).toHex()).toBe("00000002aabb00000001cc");
});
