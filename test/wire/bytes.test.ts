import { expect, test } from "bun:test";
import { difference16, joined, sameBytes, sameRun } from "../../src/wire/bytes.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

test("runs of bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3, 1, 2, 4);
  expect(sameRun(bytes, 0, bytes, 3, 2)).toBe(true);
  expect(sameRun(bytes, 0, bytes, 3, 3)).toBe(false);
  expect(sameRun(bytes, 2, bytes, 5, 0)).toBe(true);
});

test("whole arrays, none of which may be missing", () => {
  const bytes = Uint8Array.of(1, 2);
  expect(sameBytes(bytes, Uint8Array.of(1, 2))).toBe(true);
  for (const other of [Uint8Array.of(1), Uint8Array.of(1, 2, 3), Uint8Array.of(1, 3), null]) {
    expect(sameBytes(bytes, other)).toBe(false);
    expect(sameBytes(other, bytes)).toBe(false);
  }
  expect(sameBytes(null, null)).toBe(false);
});

test("differences of 16-bit numbers, over every wrap", () => {
  for (const start of WRAP_STARTS_32) {
    for (const step of [0, 1, -1, 100, -100, 32_767, -32_768]) {
      const next = (start + step) | 0;
      expect(difference16(next & 0xffff, start & 0xffff)).toBe(step);
    }
  }
});

test("parts are joined as a copy", () => {
  const part = Uint8Array.of(1, 2);
  const whole = joined([part, new Uint8Array(0), Uint8Array.of(3)]);
  expect([...whole]).toEqual([1, 2, 3]);
  whole[0] = 9;
  expect(part[0]).toBe(1);
  expect(joined([]).length).toBe(0);
});
