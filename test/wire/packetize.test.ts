import { describe, expect, test } from "bun:test";
import { H264RtpPayload, Vp8RtpPayload, Vp9RtpPayload } from "werift";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { Packetizer } from "../../src/wire/packetize.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { assembleH265 } from "../support/assemble-h265.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";
import { seeded } from "../support/random.ts";

/** Payloads of one frame; checks bounds, the mark of the last and that they describe themselves. */
function payloads(codec: CodecId, frame: Uint8Array, bytesMax = 200, pictureId = 0x7fff): Buffer[] {
  const found: Buffer[] = [];
  const marks: boolean[] = [];
  const packetizer = new Packetizer(codec, bytesMax, pictureId);
  const fine = packetizer.packetize(frame, (payload, length, last) => {
    expect(length).toBeLessThanOrEqual(bytesMax);
    found.push(Buffer.from(payload.slice(0, length)));
    marks.push(last);
  });
  expect(fine).toBe(true);
  expect(marks).toEqual(marks.map((_, index) => index === marks.length - 1));
  for (const payload of found) {
    const out = new PayloadDescription();
    expect(describePayload(codec, payload, 0, payload.length, false, out)).toBe(true);
  }
  return found;
}

const random = seeded(11);
const noise = (length: number) => Uint8Array.from({ length }, () => 4 + Math.floor(random() * 250));
const join = (...parts: (Uint8Array | string)[]) =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? fromHex(part) : part))),
  );

describe("H.264", () => {
  for (const size of [1, 150, 197, 198, 199, 200, 201, 1000, 5000]) {
    test(`an access unit with an IDR of ${size} bytes, as werift puts it together`, () => {
      const idr = join("65", noise(size));
      const units = [fromHex("6742c01e11"), fromHex("68ce3c80"), idr];
      const lengths = join(
        "00000002 0910",
        ...units.flatMap((unit) => [unit.length.toString(16).padStart(8, "0"), unit]),
      );
      const first = payloads(Codec.h264, lengths);
      let fragment: Buffer | undefined;
      const parts: Buffer[] = [];
      for (const payload of first) {
        const theirs = H264RtpPayload.deSerialize(payload, fragment);
        fragment = theirs.fragment;
        if (theirs.payload !== undefined) parts.push(theirs.payload);
      }
      const expected = join(...units.flatMap((unit) => ["00000001", unit]));
      expect(Buffer.concat(parts).toString("hex")).toBe(Buffer.from(expected).toString("hex"));
    });
  }

  for (const size of [256, 257, 300, 511]) {
    test(`F1: a first unit of ${size} bytes, whose length reads like a start code, goes out whole`, () => {
      const slice = join("41", noise(size - 1));
      const lengths = join(`0000${size.toString(16).padStart(4, "0")}`, slice);
      expect(lengths.subarray(0, 3).toHex()).toBe("000001");
      expect(payloads(Codec.h264, lengths, 1170)).toEqual([Buffer.from(slice)]);
    });
  }

  test("a length that does not fit is refused", () => {
    expect(new Packetizer(Codec.h264, 200, 0).packetize(fromHex("00000009 65aa"), () => {})).toBe(
      false,
    );
  });
});

test("H.265: units alone, together and in parts; the header of a packet has the lowest TID", () => {
  for (const size of [1, 150, 197, 198, 199, 200, 201, 1000, 5000]) {
    const units = [
      fromHex("40010c01"),
      fromHex("420101016000"),
      fromHex("4401c172"),
      join("2601", Uint8Array.of(0x80), noise(size)),
      join("0203", Uint8Array.of(0x80), noise(20)),
    ];
    const all = [fromHex("460150"), ...units, fromHex("4a01")];
    const frame = join(...all.flatMap((u) => [u.length.toString(16).padStart(8, "0"), u]));
    const found = payloads(Codec.h265, frame);
    expect(assembleH265(found)).toEqual(units.map((unit) => Buffer.from(unit).toString("hex")));
    expect(found[0]!.subarray(0, 2).toString("hex")).toBe("6001");
  }
});

test("VP8 and VP9 frames come back whole; picture ids wrap at 15 bits", () => {
  for (const size of [1, 196, 197, 198, 3000]) {
    const frame = join("82", noise(size));
    const vp8 = payloads(Codec.vp8, frame).map((payload) => Vp8RtpPayload.deSerialize(payload));
    expect(Buffer.concat(vp8.map((part) => part.payload))).toEqual(Buffer.from(frame));
    expect(vp8.map((part) => part.isPartitionHead)).toEqual(vp8.map((_, index) => index === 0));
    const vp9 = payloads(Codec.vp9, frame).map((payload) => Vp9RtpPayload.deSerialize(payload));
    expect(Buffer.concat(vp9.map((part) => part.payload))).toEqual(Buffer.from(frame));
    expect(vp9.every((part) => part.pictureId === 0x7fff)).toBe(true);
    expect([vp9[0]!.bBit, vp9.at(-1)!.eBit, vp9[0]!.pBit]).toEqual([1, 1, 0]);
  }
  const packetizer = new Packetizer(Codec.vp9, 200, 0x7fff);
  const ids: number[] = [];
  const out = new PayloadDescription();
  for (const frame of ["82aa", "86aa"]) {
    packetizer.packetize(fromHex(frame), (payload, length) => {
      describePayload(Codec.vp9, payload, 0, length, true, out);
      ids.push(out.pictureId, out.keyframe ? 1 : 0);
    });
  }
  expect(ids).toEqual([0x7fff, 1, 0, 0]);
});

/** Puts the OBU elements of a frame together (AV1 RTP 4.4). Not werift, which cannot read W = 0. */
function assembleAv1(found: readonly Buffer[]): string[] {
  const obus: string[] = [];
  let open = false;
  for (const payload of found) {
    expect((payload[0]! & 0x80) !== 0).toBe(open);
    expect(payload[0]! & 0x30).toBe(0);
    for (let position = 1; position < payload.length; ) {
      const wide = payload[position]! > 127;
      const size = (payload[position]! & 127) + (wide ? payload[position + 1]! * 128 : 0);
      const start = position + (wide ? 2 : 1);
      expect(start + size).toBeLessThanOrEqual(payload.length);
      const hex = payload.subarray(start, start + size).toString("hex");
      if (position === 1 && open) obus[obus.length - 1] += hex;
      else obus.push(hex);
      position = start + size;
    }
    open = (payload[0]! & 0x40) !== 0;
  }
  expect(open).toBe(false);
  return obus;
}

test("AV1 temporal units: delimiter and sizes dropped, OBUs in parts", () => {
  for (const size of [1, 126, 127, 180, 183, 184, 185, 186, 187, 188, 189, 190, 2000]) {
    const body = noise(size);
    const leb = size < 128 ? [size] : [(size & 0x7f) | 0x80, size >> 7];
    const frame = join("1200 0a03aabbcc 32", Uint8Array.from(leb), body);
    const found = payloads(Codec.av1, frame);
    expect(found.map((payload) => payload[0]! & 0x08)).toEqual(
      found.map((_, i) => (i === 0 ? 8 : 0)),
    );
    expect(assembleAv1(found)).toEqual(["08aabbcc", `30${body.toHex()}`]);
  }
});

test("Opus goes as it is", () => {
  const frame = noise(100);
  expect(payloads(Codec.opus, frame)).toEqual([Buffer.from(frame)]);
  expect(new Packetizer(Codec.opus, 64, 0).packetize(frame, () => {})).toBe(false);
  expect(new Packetizer(Codec.opus, 64, 0).packetize(new Uint8Array(0), () => {})).toBe(false);
});

test("random and mutated frames", () => {
  const samples = [
    fromHex("000000046742c01e0000000268ce00000002 65b8"),
    fromHex("12000a03aabbcc3201aa"),
  ];
  const codecs = Object.values(Codec).map((codec) => new Packetizer(codec, 64, 0));
  fuzz(6, samples, (bytes, offset, length) => {
    for (const packetizer of codecs) {
      packetizer.packetize(bytes.subarray(offset, offset + length), (_, size) => {
        if (size < 1 || size > 64) throw new Error(`payload of ${size}`);
      });
    }
  });
});
