import { expect, test } from "bun:test";
import { ParameterSets } from "../../src/client/parameter-sets.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

// As libx264 writes it for 1280x720: one SPS of 23 bytes, one PPS of 4.
const RECORD = fromHex(
  "0142c01fffe10017 6742c01fda014016ec0440000003004000000f03c60ca8 010004 68ce32c8",
);
const SETS = fromHex("00000017 6742c01fda014016ec0440000003004000000f03c60ca8 00000004 68ce32c8");
const IDR = fromHex("00000003 658884");
const DELTA = fromHex("00000003 419a20");

test("a keyframe gets the parameter sets in front, other frames stay", () => {
  const sets = ParameterSets.read(RECORD);
  expect(sets?.complete(IDR, true)).toEqual(new Uint8Array([...SETS, ...IDR]));
  expect(sets?.complete(DELTA, false)).toBe(DELTA);
});

test("a keyframe that brings its own stays, also behind other units", () => {
  const sets = ParameterSets.read(RECORD);
  const sei = fromHex("00000002 0605");
  const own = new Uint8Array([...sei, ...SETS, ...IDR]);
  expect(sets?.complete(own, true)).toBe(own);
});

test("records that are cut short or unusual are refused", () => {
  for (let length = 0; length < RECORD.length; length += 1) {
    expect(ParameterSets.read(RECORD.subarray(0, length))).toBeNull();
  }
  const twoByteLengths = RECORD.slice();
  twoByteLengths[4] = 0xfd;
  expect(ParameterSets.read(twoByteLengths)).toBeNull();
});

test("no input makes it throw", () => {
  const sets = ParameterSets.read(RECORD)!;
  fuzz(0x5e75, [RECORD, new Uint8Array([...SETS, ...IDR])], (bytes, offset, length) => {
    const view = bytes.subarray(offset, offset + length);
    ParameterSets.read(view);
    sets.complete(view, true);
  });
});
