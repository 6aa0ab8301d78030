import { expect, test } from "bun:test";
import { readVarint, unzigzag, Varints, zigzag } from "../../../src/wire/cascade/varint.ts";

test("numbers of any size, one behind the other", () => {
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER];
  const out = new Varints();
  for (let i = 0; i < 100; i += 1) for (const number of numbers) out.put(number);
  const bytes = out.take();
  const cursor = { at: 0 };
  for (let i = 0; i < 100; i += 1) {
    for (const number of numbers) expect(readVarint(bytes, cursor)).toBe(number);
  }
  expect(cursor.at).toBe(bytes.length);
});

test("what breaks off or has no end is none, and nothing behind it is read", () => {
  for (const bytes of [
    [],
    [0x80],
    [0xff, 0xff],
    new Array(20).fill(0xff),
    new Array(20).fill(0x80),
  ]) {
    const cursor = { at: 0 };
    expect(readVarint(Uint8Array.from(bytes), cursor)).toBeNaN();
    expect(cursor.at).toBe(bytes.length);
  }
});

test("either sign", () => {
  const numbers = [0, -1, 1, -2, 2 ** 31];
  expect(numbers.map(zigzag)).toEqual([0, 1, 2, 3, 2 ** 32]);
  expect(numbers.map(zigzag).map(unzigzag)).toEqual(numbers);
});
