/** Whatever a reader asks of a sequence is found in the same place, also while a ring doubles. */
import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { RING_MARGIN, SLOT_BYTES, VIDEO_SLOTS_MAX, VIDEO_SLOTS_START } from "../../src/limits.ts";
import { createRing, Header, Slot, SlotFlag } from "../../src/ring/layout.ts";
import { NextLayer } from "../../src/ring/packet-layers.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

const slot = new Uint8Array(SLOT_BYTES);
const description = new PayloadDescription();

function put(writer: RingWriter, sequence: number, i: number): void {
  const offset = writer.reserve(sequence);
  if (offset === NO_SLOT) throw new Error(`no place for ${sequence}`);
  description.reset();
  description.spatialId = i % 4;
  const flags = i === 0 ? SlotFlag.keyframeStart : 0;
  // Fast enough to ask for more slots, again and again.
  writer.setDescription(offset, i, 1, i * 300, Codec.vp9, flags, description);
  writer.setPayload(offset, Uint8Array.of(i), 0, 1);
  writer.commit(sequence, offset);
}

for (const start of WRAP_STARTS_32) {
  test(`house 6.9: a ring that doubles knows all that it holds, from ${start}`, () => {
    const buffer = createRing("video");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, -1);
    writer.setWord(Header.slotsGranted, VIDEO_SLOTS_MAX);
    let slots = reader.slots;
    for (let i = 0; i < 12_000; i += 1) {
      const sequence = (start + i) | 0;
      put(writer, sequence, i);
      if (reader.newestTimestamp !== i) throw new Error(`the newest packet at ${i}`);
      const grown = reader.slots !== slots;
      slots = reader.slots;
      if (!grown && i % 997 !== 0) continue;
      // All of what could be read before it doubled, and what is read otherwise is known, too.
      const reach = Math.min(i + 1, Math.max(VIDEO_SLOTS_START, slots >> 1) - RING_MARGIN - 1);
      for (let back = 0; back < reach; back += 1) {
        const at = (sequence - back) | 0;
        const known =
          reader.read(at, slot, 0) === ReadResult.ok &&
          slot[Slot.payload] === ((i - back) & 0xff) &&
          reader.spatialAt(at, i - back) === (i - back) % 4 &&
          reader.spatialAt(at, i - back + 1) === NextLayer.otherPicture;
        if (!known) throw new Error(`${back} behind the head at ${i}`);
      }
    }
    expect(slots).toBe(VIDEO_SLOTS_MAX);
    // Between the reserve that doubles a ring and its commit the newest packet is where it was.
    expect(reader.spatialAt((start + 12_000) | 0, 12_000)).toBe(NextLayer.unknown);
  });
}

test("house 6.9: the newest packet is known while the next one is on its way into a larger ring", () => {
  const buffer = createRing("video");
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer, -1);
  for (let i = 0; i < 4096; i += 1) {
    if (i === 3000) writer.setWord(Header.slotsGranted, VIDEO_SLOTS_MAX);
    expect(writer.reserve(i)).not.toBe(NO_SLOT);
    if (i > 0) expect(reader.newestTimestamp).toBe(i - 1);
    put(writer, i, i);
  }
  expect(reader.slots).toBeGreaterThan(VIDEO_SLOTS_START);
});

test.each([VIDEO_SLOTS_MAX + 1, 10 ** 9, 2 ** 31 - 1])(
  "leap: a single number %d ahead does not stop a ring",
  (ahead) => {
    const writer = new RingWriter(createRing("video"));
    const reader = new RingReader(writer.buffer, -1);
    for (let i = 0; i < 100; i += 1) put(writer, i, i);
    expect(writer.reserve((99 + ahead + 1) | 0)).toBe(NO_SLOT);
    for (let i = 100; i < 200; i += 1) put(writer, i, i);
    expect(reader.head).toBe(200);
    for (let i = 0; i < 200; i += 1) expect(reader.read(i, slot, 0)).toBe(ReadResult.ok);
  },
);

test("S1: a payload ends where its source does, or the slot's old bytes would stand for the rest", () => {
  const writer = new RingWriter(createRing("video"));
  const offset = writer.reserve(0);
  for (const [from, length] of [
    [5, 6],
    [-1, 4],
    [11, 0],
    [0, 11],
  ] as const) {
    expect(() => writer.setPayload(offset, new Uint8Array(10), from, length)).toThrow(
      AssertionError,
    );
  }
  writer.setPayload(offset, new Uint8Array(10), 5, 5);
});
