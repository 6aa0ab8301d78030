import { describe, expect, test } from "bun:test";
import { readH264Record, readH265Record } from "../../src/client/decoder-record.ts";
import { NalForm } from "../../src/client/nal-form.ts";
import { joinUnits, type LengthBytes, splitUnits } from "../../src/wire/frame-units.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";
import { seeded } from "../support/random.ts";

// As libx264 writes it for 1280x720: one SPS of 23 bytes, one PPS of 4.
const SPS = fromHex("6742c01fda014016ec0440000003004000000f03c60ca8");
const PPS = fromHex("68ce32c8");
const RECORD = fromHex(`0142c01fffe10017 ${SPS.toHex()} 010004 ${PPS.toHex()}`);
const IDR = fromHex("658884");
const DELTA = fromHex("419a20");

const unitsOf = (frame: Uint8Array) => splitUnits(frame, 4)!.map((unit) => unit.toHex());
const hex = (...units: Uint8Array[]) => units.map((unit) => unit.toHex());

function laidOut(lengthBytes: LengthBytes, ...units: Uint8Array[]): Uint8Array {
  if (lengthBytes === 0) return fromHex(units.map((unit) => `00000001${unit.toHex()}`).join(""));
  const digits = 2 * lengthBytes;
  return fromHex(
    units.map((unit) => unit.length.toString(16).padStart(digits, "0") + unit.toHex()).join(""),
  );
}

function formed(form: NalForm, frame: Uint8Array, marked: boolean) {
  const result = form.form(frame, marked);
  if (typeof result === "string") throw new Error(result);
  return { units: unitsOf(result.data), key: result.key };
}

describe.each([0, 1, 2, 4] as const)(
  "F1: layout with lengths of %d bytes (0: start codes)",
  (bytes) => {
    test("the stated layout is used whatever the frame begins with", () => {
      const random = seeded(7 + bytes);
      const form = new NalForm("h264", { lengthBytes: bytes, sets: [SPS, PPS] });
      for (const size of [2, 3, 200, 255, 256, 257, 300, 511, 512, 65_535]) {
        if (bytes === 1 && size > 255) continue;
        const slice = Uint8Array.from({ length: size }, () => 4 + Math.floor(random() * 250));
        slice[0] = 0x41;
        const result = formed(form, laidOut(bytes, slice), false);
        expect(result).toEqual({ units: hex(slice), key: false });
      }
    });

    test("a keyframe gets the parameter sets in front", () => {
      const form = new NalForm("h264", { lengthBytes: bytes, sets: [SPS, PPS] });
      expect(formed(form, laidOut(bytes, IDR), true)).toEqual({
        units: hex(SPS, PPS, IDR),
        key: true,
      });
      expect(formed(form, laidOut(bytes, DELTA), false)).toEqual({ units: hex(DELTA), key: false });
    });
  },
);

test("F1: a record states 1, 2 or 4 bytes; 3 is reserved", () => {
  for (const [byte, lengthBytes] of [
    ["fc", 1],
    ["fd", 2],
    ["ff", 4],
  ] as const) {
    const record = fromHex(RECORD.toHex().replace("42c01fff", `42c01f${byte}`));
    expect(readH264Record(record)).toEqual({ lengthBytes, sets: [SPS, PPS] });
  }
  expect(readH264Record(fromHex(RECORD.toHex().replace("42c01fff", "42c01ffe")))).toBeNull();
});

test("records that are cut short are refused", () => {
  for (let length = 0; length < RECORD.length; length += 1) {
    const record = readH264Record(RECORD.subarray(0, length));
    // Without its list of PPS it reads like one of a writer that leaves out empty lists.
    if (length === RECORD.length - PPS.length - 3) expect(record?.sets).toEqual([SPS]);
    else expect(record).toBeNull();
  }
});

test("F2: sets that a frame brings take the place of those of the same id", () => {
  const form = new NalForm("h264", readH264Record(RECORD)!);
  const other = fromHex("6742c028da014016ec0440000003004000000f03c60ca9");
  const own = laidOut(4, other, IDR);
  // Its own SPS, and the PPS that it lacks.
  expect(formed(form, own, true).units).toEqual(hex(PPS, other, IDR));
  expect(formed(form, laidOut(4, IDR), true).units).toEqual(hex(other, PPS, IDR));
  form.reset();
  expect(formed(form, laidOut(4, IDR), true).units).toEqual(hex(SPS, PPS, IDR));
});

test("F2: a second PPS of another id stays beside the first", () => {
  const form = new NalForm("h264", readH264Record(RECORD)!);
  const second = fromHex("685e32c8");
  expect(formed(form, laidOut(4, second, DELTA), false).key).toBe(false);
  expect(formed(form, laidOut(4, IDR), true).units).toEqual(hex(SPS, PPS, second, IDR));
});

test("F2: H.265: VPS, SPS and PPS out of hvcC, also behind SEI units", () => {
  const [vps, sps, pps] = [
    "40010c01ffff",
    "4201010160000003009000000300000300",
    "4401c172b46240",
  ].map((text) => fromHex(text)) as [Uint8Array, Uint8Array, Uint8Array];
  const array = (type: number, unit: Uint8Array) =>
    `${(0x80 | type).toString(16)}0001${unit.length.toString(16).padStart(4, "0")}${unit.toHex()}`;
  const record = fromHex(
    `01${"00".repeat(20)}0f 04 ${array(39, fromHex("4e01"))} ${array(32, vps)} ${array(33, sps)} ${array(34, pps)}`,
  );
  expect(readH265Record(record)?.sets).toEqual([vps, sps, pps]);
  const form = new NalForm("h265", readH265Record(record)!);
  const idr = fromHex("2801af0866");
  const cra = fromHex("2a01af0866");
  expect(formed(form, laidOut(4, idr), true).units).toEqual(hex(vps, sps, pps, idr));
  expect(formed(form, laidOut(4, cra), false)).toEqual({
    units: hex(vps, sps, pps, cra),
    key: true,
  });
  for (let length = 0; length < record.length; length += 1) {
    expect(readH265Record(record.subarray(0, length))).toBeNull();
  }
});

test("where the container marks every frame as a keyframe, only those without predictions are", () => {
  const form = new NalForm("h264", readH264Record(RECORD)!);
  // slice_type 5 (P) and 7 (I) behind first_mb_in_slice 0.
  expect(formed(form, laidOut(4, fromHex("419a20")), true).key).toBe(false);
  expect(formed(form, laidOut(4, fromHex("418884")), true).key).toBe(true);
  expect(formed(form, laidOut(4, fromHex("418884")), false).key).toBe(false);
});

test("what cannot be a frame is refused with the reason", () => {
  const bare = new NalForm("h264", { lengthBytes: 4, sets: [] });
  expect(bare.form(fromHex("00000009 65aa"), true)).toBe("its units do not fit their lengths");
  expect(bare.form(fromHex("00000002 0605"), true)).toBe("it has no picture in it");
  expect(bare.form(laidOut(4, IDR), true)).toBe("its parameter sets are missing");
  const codes = new NalForm("h264", { lengthBytes: 0, sets: [] });
  expect(codes.form(laidOut(4, IDR), true)).toBe("its units do not fit their lengths");
});

test("no input makes it throw", () => {
  const forms = [1, 2, 4, 0].flatMap((lengthBytes) =>
    (["h264", "h265"] as const).map(
      (codec) => new NalForm(codec, { lengthBytes: lengthBytes as LengthBytes, sets: [SPS, PPS] }),
    ),
  );
  fuzz(0x5e75, [RECORD, joinUnits([SPS, PPS, IDR])], (bytes, offset, length) => {
    const view = bytes.subarray(offset, offset + length);
    readH264Record(view);
    readH265Record(view);
    for (const form of forms) {
      form.form(view, (bytes[0]! & 1) === 0);
      form.reset();
    }
  });
});
