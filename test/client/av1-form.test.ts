import { expect, test } from "bun:test";
import { Av1Form } from "../../src/client/av1-form.ts";
import { readPictureFormat } from "../../src/client/picture-format.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

/** av1C of libaom's 320x180, 8 bits, 4:2:0: four bytes and the sequence header. */
const SEQUENCE = "0a0b0000000427cfe6f3ff2240";
const RECORD = fromHex(`81000c00 ${SEQUENCE}`);
const KEY = "320310aabb";
const DELTA = "320330aabb";

const form = (record: Uint8Array | null, ...frames: string[]) => {
  const under = new Av1Form(record);
  return frames.map((frame) => {
    const result = under.form(fromHex(frame));
    return typeof result === "string" ? result : [result.data.toHex(), result.key];
  });
};

test("F2: a sequence header that stands only in av1C goes in front of keyframes", () => {
  expect(form(RECORD, `1200${KEY}`, `1200${DELTA}`, KEY)).toEqual([
    [`${SEQUENCE}1200${KEY}`, true],
    [`1200${DELTA}`, false],
    [SEQUENCE + KEY, true],
  ]);
});

test("F2: the newest of the stream counts, until the file is read from elsewhere", () => {
  const other = SEQUENCE.replace("2240", "2140");
  const under = new Av1Form(RECORD);
  const data = (frame: string) => (under.form(fromHex(frame)) as { data: Uint8Array }).data.toHex();
  expect(data(other + KEY)).toBe(other + KEY);
  expect(data(KEY)).toBe(other + KEY);
  under.reset();
  expect(data(KEY)).toBe(SEQUENCE + KEY);
});

test("a header that repeats itself between keyframes is left out: the frame is none", () => {
  expect(form(RECORD, `1200${SEQUENCE}${DELTA}`)).toEqual([[`1200${DELTA}`, false]]);
});

test("what cannot be a frame is refused with the reason", () => {
  expect(form(null, KEY)).toEqual(["its sequence header is missing"]);
  expect(form(null, SEQUENCE)).toEqual(["it has no picture in it"]);
  expect(form(null, "32ff10")).toEqual(["its units do not fit their lengths"]);
});

test("no input makes it throw", () => {
  fuzz(0xa1, [RECORD, fromHex(SEQUENCE + KEY)], (bytes, offset, length) => {
    const view = bytes.subarray(offset, offset + length);
    new Av1Form(view).form(view);
    for (const codec of ["av1", "h264", "h265", "vp8", "vp9"] as const) {
      readPictureFormat(codec, view);
    }
  });
});
