import { expect, test } from "bun:test";
import { RedPacket } from "../../src/wire/red.ts";
import { fuzz } from "../support/fuzz.ts";

/** RFC 2198 3: one earlier frame of 3 bytes under type 5, then the present one of 2 under type 7. */
const TWO = Uint8Array.of(0x85, 0x0f, 0x00, 0x03, 0x07, 1, 2, 3, 9, 8);
const ALONE = Uint8Array.of(0x6f, 4, 5, 6);

test("the present frame is the last one", () => {
  const red = new RedPacket();
  expect(red.read(TWO, 0, TWO.length)).toBeTrue();
  expect([...TWO.subarray(red.offset, red.offset + red.length)]).toEqual([9, 8]);
  expect(red.headerBytes).toBe(5);
  expect(red.read(ALONE, 0, ALONE.length)).toBeTrue();
  expect([...ALONE.subarray(red.offset, red.offset + red.length)]).toEqual([4, 5, 6]);
});

test("every frame gets the payload type, and nothing else changes", () => {
  const red = new RedPacket();
  const bytes = TWO.slice();
  red.read(bytes, 0, bytes.length);
  red.relabel(bytes, 0, 111);
  expect([...bytes]).toEqual([0x80 | 111, 0x0f, 0x00, 0x03, 111, 1, 2, 3, 9, 8]);
});

test("what is cut off, endless or has no present frame is malformed", () => {
  const red = new RedPacket();
  const bad = [
    [],
    [0x07],
    [0x85, 0, 0],
    [0x85, 0, 0, 3, 0x07, 1, 2, 3],
    [0x85, 0, 3, 0xff, 0x07, 1, 2],
    new Array(64).fill(0x85),
  ];
  for (const bytes of bad) expect(red.read(Uint8Array.from(bytes), 0, bytes.length)).toBeFalse();
});

test("no input leads outside of the packet", () => {
  const red = new RedPacket();
  fuzz(2198, [TWO, ALONE], (bytes, offset, length) => {
    if (!red.read(bytes, offset, length)) return;
    expect(red.offset).toBeGreaterThan(offset);
    expect(red.offset + red.length).toBe(offset + length);
    red.relabel(bytes, offset, 96);
    expect(red.read(bytes, offset, length)).toBeTrue();
  });
});
