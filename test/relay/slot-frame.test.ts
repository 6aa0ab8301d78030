import { expect, test } from "bun:test";
import { LINK_PAYLOAD_MAX } from "../../src/cascade/path-size.ts";
import { SLOT_BYTES } from "../../src/limits.ts";
import { frameBytes, readSlot, writeSlot } from "../../src/relay/slot-frame.ts";
import { EXTENSION_BYTES_MAX, Slot } from "../../src/ring/layout.ts";
import { DATA_OVERHEAD, DataFrame, readData } from "../../src/wire/cascade/data.ts";
import { CODEC_NAMES, Codec, type CodecId } from "../../src/wire/codecs.ts";
import { Dice } from "../fuzz/dice.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { randomSlot } from "./slots.ts";

const ROUNDS = 300;
const scratch = new Uint8Array(SLOT_BYTES);

/** The slot that the other end lays out; null when it takes none. */
function carried(slot: Uint8Array): Uint8Array | null {
  const frame = new DataFrame();
  const bytes = new Uint8Array(SLOT_BYTES + DATA_OVERHEAD);
  const end = writeSlot(bytes, 3, slot, 0, frame);
  expect(end).toBe(3 + frameBytes(slot, 0, DATA_OVERHEAD));
  expect(readData(bytes, 3, end, frame)).toBe(end);
  scratch.fill(0xee);
  return readSlot(frame, bytes, scratch) ? scratch : null;
}

/** All of a slot that travels: without its times, and with its number in the frame. */
function meaning(slot: Uint8Array): Uint8Array {
  const data = new DataView(slot.buffer, slot.byteOffset);
  const end = Slot.payload + data.getUint16(Slot.payloadLength, true);
  const own = slot.slice(0, end);
  own.fill(0, Slot.sequence, Slot.sequence + 4);
  own.fill(0, Slot.arrival, Slot.arrival + 8);
  own.fill(0, Slot.late, Slot.late + 4);
  own.fill(0, Slot.extensions + data.getUint16(Slot.extensionLength, true), Slot.payload);
  return own;
}

test("a slot of every codec, with layers, picture ids and extensions, comes out as it went in", () => {
  for (const codec of CODEC_NAMES.keys()) {
    if (codec === Codec.none) continue;
    const dice = new Dice(codec);
    for (let round = 0; round < ROUNDS; round += 1) {
      const slot = randomSlot(dice, codec as CodecId);
      const out = carried(slot);
      expect([codec, round, out === null]).toEqual([codec, round, false]);
      expect(meaning(out!)).toEqual(meaning(slot));
    }
  }
});

test("its sequence and the codec stand in the frame", () => {
  const slot = randomSlot(new Dice(1), Codec.vp9);
  new DataView(slot.buffer).setInt32(Slot.sequence, -77, true);
  const frame = new DataFrame();
  writeSlot(new Uint8Array(4096), 0, slot, 0, frame);
  expect([frame.sequence, frame.codec]).toEqual([-77, Codec.vp9]);
});

test("a packet that says nothing of layers or picture ids brings no description", () => {
  const slot = randomSlot(new Dice(1), Codec.opus);
  const { extensionLength, payloadLength } = Slot;
  const data = new DataView(slot.buffer);
  const parts = data.getUint16(extensionLength, true) + data.getUint16(payloadLength, true);
  expect(frameBytes(slot, 0, DATA_OVERHEAD)).toBe(DATA_OVERHEAD + parts);
  expect(LINK_PAYLOAD_MAX).toBeGreaterThan(DATA_OVERHEAD);
});

/** What is read of a frame with a description that was changed. */
function isTaken(change: (description: DataView) => void, payload = 40): boolean {
  const description = new Uint8Array(36);
  const view = new DataView(description.buffer);
  description[Slot.codec - Slot.codec] = Codec.vp9;
  description[Slot.frameNumberBits - Slot.codec] = 15;
  change(view);
  const bytes = dataBytes({
    codec: Codec.vp9,
    flags: 0,
    description,
    payload: new Uint8Array(payload),
  });
  const frame = new DataFrame();
  expect(readData(bytes, 0, bytes.length, frame)).toBe(bytes.length);
  return readSlot(frame, bytes, scratch);
}

test("a description that would lead outside of its packet, or beyond all layers, is none", () => {
  const set = (at: number, value: number) => (view: DataView) =>
    view.setUint8(at - Slot.codec, value);
  expect(isTaken(() => {})).toBeTrue();
  expect(isTaken(set(Slot.spatialId, 3))).toBeTrue();
  expect(isTaken(set(Slot.spatialId, 4))).toBeFalse();
  expect(isTaken(set(Slot.temporalId, 7))).toBeTrue();
  expect(isTaken(set(Slot.temporalId, 8))).toBeFalse();
  expect(isTaken(set(Slot.frameNumberBits, 17))).toBeFalse();
  expect(isTaken(set(Slot.pictureIdOffset, 39))).toBeTrue();
  expect(isTaken(set(Slot.pictureIdOffset, 40))).toBeFalse();
  expect(isTaken(set(Slot.pictureIdOffset, 1), 0)).toBeFalse();
  expect(isTaken(set(Slot.tl0PicIdxOffset, 40))).toBeTrue();
  expect(isTaken(set(Slot.tl0PicIdxOffset, 41))).toBeFalse();
  expect(isTaken(set(Slot.targets, 32))).toBeTrue();
  expect(isTaken(set(Slot.targets, 33))).toBeFalse();
  expect(isTaken((view) => view.setUint16(Slot.targetsBit - Slot.codec, 1008, true))).toBeTrue();
  expect(isTaken((view) => view.setUint16(Slot.targetsBit - Slot.codec, 1009, true))).toBeFalse();
});

test("lengths that no slot has, extensions that overlap, and codecs that nobody knows are refused", () => {
  const taken = (data: Parameters<typeof dataBytes>[0]): boolean => {
    const bytes = dataBytes({ codec: Codec.opus, ...data });
    const frame = new DataFrame();
    readData(bytes, 0, bytes.length, frame);
    return readSlot(frame, bytes, scratch);
  };
  expect(taken({})).toBeTrue();
  expect(taken({ codec: CODEC_NAMES.length })).toBeFalse();
  expect(taken({ description: new Uint8Array(35) })).toBeFalse();
  expect(taken({ description: new Uint8Array(37) })).toBeFalse();
  expect(taken({ payload: new Uint8Array(SLOT_BYTES - Slot.payload + 1) })).toBeFalse();
  const elements = new Uint8Array(EXTENSION_BYTES_MAX);
  elements[1] = EXTENSION_BYTES_MAX - 2;
  expect(taken({ extensions: elements })).toBeTrue();
  expect(taken({ extensions: new Uint8Array(EXTENSION_BYTES_MAX + 1) })).toBeFalse();
  for (const wrong of [[3], [3, 1], [3, 2, 9], [3, 1, 9, 4], [3, 255, 1]]) {
    expect([wrong, taken({ extensions: Uint8Array.from(wrong) })]).toEqual([wrong, false]);
  }
});
