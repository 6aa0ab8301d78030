import { expect, test } from "bun:test";
import { decode } from "@msgpack/msgpack";
import { DATA_OVERHEAD, DataFrame, isData, readData } from "../../../src/wire/cascade/data.ts";
import { Frame } from "../../../src/wire/cascade/kinds.ts";
import { fuzz } from "../../support/fuzz.ts";
import { DATA, type Data, dataBytes, dataOf } from "./data-frames.ts";

const DESCRIBED: Partial<Data> = {
  description: Uint8Array.from({ length: 36 }, (_, i) => i),
  extensions: Uint8Array.of(3, 1, 9),
  payload: new Uint8Array(1200).fill(5),
};

test("a frame is read as it was written, wherever it stands", () => {
  for (const data of [{}, DESCRIBED, { payload: new Uint8Array(0) }]) {
    const bytes = dataBytes(data);
    const around = new Uint8Array(bytes.length + 12).fill(0xaa);
    around.set(bytes, 7);
    const frame = new DataFrame();
    expect(isData(around, 7)).toBeTrue();
    expect(readData(around, 7, around.length, frame)).toBe(7 + bytes.length);
    expect(dataOf(frame, around)).toEqual({ ...DATA, ...data });
  }
});

test("it is what a library of msgpack decodes", () => {
  const bytes = dataBytes(DESCRIBED);
  const { alias, ring, codec, sequence, ageUs, flags, timestamp } = DATA;
  const { description, extensions, payload } = { ...DATA, ...DESCRIBED };
  const ringAndCodec = ring * 16 + codec;
  const numbers = [Frame.data, alias, ringAndCodec, sequence >>> 0, ageUs, flags, timestamp];
  expect(decode(bytes)).toEqual([...numbers, description, extensions, payload]);
  const parts = description.length + extensions.length + payload.length;
  expect(bytes.length).toBe(DATA_OVERHEAD + parts);
});

test("cut off anywhere, or with any other marker, it is none", () => {
  const bytes = dataBytes({ ...DESCRIBED, payload: Uint8Array.of(1, 2) });
  const frame = new DataFrame();
  for (let end = 0; end < bytes.length; end += 1) {
    expect(readData(bytes, 0, end, frame)).toBe(-1);
  }
  for (const at of [0, 1, 2, 5, 7, 12, 17, 20, 25, 27 + 36, 27 + 36 + 2 + 3]) {
    const changed = bytes.slice();
    changed[at] = changed[at]! ^ 0x10;
    expect([at, readData(changed, 0, changed.length, frame)]).toEqual([at, -1]);
  }
});

test("no input leads outside of the datagram", () => {
  const frame = new DataFrame();
  fuzz(10, [dataBytes(), dataBytes(DESCRIBED)], (bytes, offset, length) => {
    const end = readData(bytes, offset, offset + length, frame);
    if (end < 0) return;
    expect(end).toBeLessThanOrEqual(offset + length);
    expect(frame.payloadOffset + frame.payloadLength).toBe(end);
    expect(frame.descriptionOffset).toBeGreaterThan(offset);
    expect(frame.extensionsOffset + frame.extensionsLength).toBe(frame.payloadOffset - 3);
  });
});
