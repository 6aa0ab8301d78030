import { expect, test } from "bun:test";
import { splitObus } from "../../src/wire/obus.ts";
import { fromHex } from "../support/hex.ts";

const split = (hex: string) =>
  splitObus(fromHex(hex))?.map(({ type, bytes, header, payload }) => [
    type,
    bytes.toHex(),
    header.toHex(),
    payload.toHex(),
  ]) ?? null;

test("units with a size, with an extension, and a last one that goes to the end", () => {
  expect(split("1200 0a02aabb 36000101 30ccdd")).toEqual([
    [2, "1200", "12", ""],
    [1, "0a02aabb", "0a", "aabb"],
    [6, "36000101", "3600", "01"],
    [6, "30ccdd", "30", "ccdd"],
  ]);
  expect(split("")).toEqual([]);
});

test("what does not fit", () => {
  // The forbidden bit, a size beyond the end, one that is cut short, an extension that is missing.
  for (const hex of ["8a00", "0a03aabb", "0a80", "34"]) expect(split(hex), hex).toBeNull();
});
