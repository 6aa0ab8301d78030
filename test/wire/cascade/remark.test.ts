import { expect, test } from "bun:test";
import {
  REMARKS_MAX,
  readRemarks,
  readRemarksWish,
  writeRemarks,
  writeRemarksWish,
} from "../../../src/wire/cascade/remark.ts";
import { checkFrame, overWire } from "./frames.ts";

const ID = 1_790_000_000_000;
const REMARK = { id: ID, json: Uint8Array.of(0x7b, 0x7d) };

test("a wish and what answers it come back as they were written", () => {
  for (const since of [0, ID, Number.MAX_SAFE_INTEGER]) {
    const wish = { alias: 7, since };
    checkFrame(writeRemarksWish(wish), readRemarksWish, wish);
  }
  for (const remarks of [[], [REMARK, { ...REMARK, id: ID + 1 }]]) {
    const told = { alias: 7, remarks };
    checkFrame(writeRemarks(told), readRemarks, told);
  }
});

test("more of them than one message has, one without bytes, or of too many, are none", () => {
  const told = (...remarks: (typeof REMARK)[]) =>
    overWire(writeRemarks({ alias: 7, remarks }), readRemarks);
  expect(told(...new Array(REMARKS_MAX).fill(REMARK))).not.toBeNull();
  expect(told(...new Array(REMARKS_MAX + 1).fill(REMARK))).toBeNull();
  expect(told(REMARK, { ...REMARK, json: new Uint8Array(0) })).toBeNull();
  expect(told({ ...REMARK, json: new Uint8Array(3_500) })).not.toBeNull();
  expect(told({ ...REMARK, json: new Uint8Array(3_501) })).toBeNull();
  expect(told({ ...REMARK, id: -1 })).toBeNull();
});
