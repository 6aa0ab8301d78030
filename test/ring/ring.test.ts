import { describe, expect, test } from "bun:test";
import { AUDIO_SLOTS, RING_MARGIN, SLOT_BYTES, VIDEO_SLOTS_START } from "../../src/limits.ts";
import { createRing, Guarded, Header, Slot, SlotFlag } from "../../src/ring/layout.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_32 } from "../support/wrap-starts.ts";

const slot = new Uint8Array(SLOT_BYTES);
const view = new DataView(slot.buffer);

/** Writes one packet whose payload tells its sequence; false when the ring had no place. */
function put(writer: RingWriter, sequence: number, flags = 0, timestamp = 0, arrival = 0): boolean {
  const offset = writer.reserve(sequence);
  if (offset === NO_SLOT) return false;
  const payload = new Uint8Array(new Int32Array([sequence, ~sequence]).buffer);
  writer.setDescription(offset, timestamp, 8, arrival, Codec.vp8, flags, null);
  writer.setPayload(offset, payload, 0, 8);
  writer.commit(sequence, offset);
  return true;
}

/** Reads a slot and checks that it holds this very packet. */
function get(reader: RingReader, sequence: number): number {
  const result = reader.read(sequence, slot, 0);
  if (result === ReadResult.ok) {
    expect(view.getInt32(Slot.payload, true)).toBe(sequence);
    expect(view.getInt32(Slot.payload + 4, true)).toBe(~sequence);
  }
  return result;
}

/** Where the newest keyframe begins; null when none is in the ring with its whole tail. */
function keyframeOf(reader: RingReader): number | null {
  const keyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
  return reader.newestKeyframe(keyframe) ? keyframe.sequence : null;
}

describe("ring against a model", () => {
  for (const start of WRAP_STARTS_32) {
    test(`random order, holes and late fills from ${start}`, () => {
      const seed = (start ^ 0x5eed) >>> 0;
      const random = seeded(seed);
      const buffer = createRing("audio");
      const writer = new RingWriter(buffer);
      const reader = new RingReader(buffer, 0);
      const log: number[] = [];
      const written = new Set<number>();
      const out = new Int32Array(64);
      const seen: number[] = [];
      let head = start;
      const write = (sequence: number) => {
        const behind = (head - sequence) | 0;
        const fits = !written.has(sequence) && behind < AUDIO_SLOTS - RING_MARGIN;
        expect(put(writer, sequence), `seed ${seed}`).toBe(fits);
        if (!fits) return;
        written.add(sequence);
        log.push(sequence);
        if (((sequence - head) | 0) >= 0) head = (sequence + 1) | 0;
      };
      write(start);
      for (let i = 0; i < 2000; i += 1) {
        const kind = random();
        if (kind < 0.7) write(head);
        else if (kind < 0.8) write((head + 1 + Math.floor(random() * 20)) | 0);
        else write((head - 1 - Math.floor(random() * 140)) | 0);
        if (random() < 0.2) {
          for (let n = reader.takeArrivals(out, 64); n > 0; n = reader.takeArrivals(out, 64)) {
            for (let k = 0; k < n; k += 1) seen.push(out[k]!);
          }
        }
        const probe = (head - 1 - Math.floor(random() * 200)) | 0;
        const distance = (head - probe) | 0;
        const expected =
          distance >= AUDIO_SLOTS - RING_MARGIN
            ? ReadResult.lapped
            : written.has(probe)
              ? ReadResult.ok
              : ReadResult.hole;
        expect(get(reader, probe), `seed ${seed} probe ${probe} head ${head}`).toBe(expected);
      }
      for (let n = reader.takeArrivals(out, 64); n > 0; n = reader.takeArrivals(out, 64)) {
        for (let k = 0; k < n; k += 1) seen.push(out[k]!);
      }
      expect(reader.head).toBe(head);
      expect(seen).toEqual(log);
    });

    test(`doubling in place from ${start}`, () => {
      const buffer = createRing("video");
      const writer = new RingWriter(buffer);
      const reader = new RingReader(buffer, -1);
      const words = new Int32Array(buffer, 0, 64);
      words[Header.slotsGranted] = 4096;
      const random = seeded(start >>> 0);
      const holes = new Set<number>();
      let sequence = start;
      for (let i = 0; i < 20_000; i += 1) {
        // One long group of pictures after another, 1,000 packets a second.
        const flags = i % 1500 === 0 ? SlotFlag.keyframeStart | SlotFlag.frameStart : 0;
        if (flags === 0 && random() < 0.02) holes.add(sequence);
        else expect(put(writer, sequence, flags, i, i * 1000)).toBe(true);
        const late = (sequence - 100) | 0;
        if (i > 200 && holes.has(late) && random() < 0.5) {
          expect(put(writer, late, 0, i, i * 1000)).toBe(true);
          holes.delete(late);
        }
        // Everything within the reach that held before this doubling stays readable.
        const back = Math.floor(random() * Math.min(i, VIDEO_SLOTS_START - RING_MARGIN - 1));
        const probe = (sequence - back) | 0;
        expect(get(reader, probe)).toBe(holes.has(probe) ? ReadResult.hole : ReadResult.ok);
        const keyframe = keyframeOf(reader);
        if (keyframe !== null) expect(get(reader, keyframe)).toBe(ReadResult.ok);
        sequence = (sequence + 1) | 0;
      }
      expect(reader.slots).toBe(4096);
    });
  }
});

describe("RingReader", () => {
  test("is lapped by the log, and then stands at its head", () => {
    const buffer = createRing("audio");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, 0);
    for (let i = 0; i < 120; i += 1) put(writer, 1000 + i);
    const out = new Int32Array(128);
    expect(reader.takeArrivals(out, 128)).toBe(-1);
    expect(reader.backlog).toBe(0);
    put(writer, 1120);
    expect(reader.takeArrivals(out, 128)).toBe(1);
    expect(out[0]).toBe(1120);
  });

  test("knows the newest keyframe while its tail is in the ring", () => {
    const buffer = createRing("video");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, 0);
    expect(keyframeOf(reader)).toBeNull();
    put(writer, 101, SlotFlag.keyframeStart, 7);
    expect(keyframeOf(reader)).toBe(101);
    // An earlier packet of the same frame (a late SPS) moves its start; of another frame not.
    put(writer, 100, SlotFlag.keyframeStart, 7);
    expect(keyframeOf(reader)).toBe(100);
    put(writer, 99, SlotFlag.keyframeStart, 6);
    expect(keyframeOf(reader)).toBe(100);
    expect(reader.views.words[Header.keyframeCount]).toBe(1);
    let next = 102;
    while (next - 100 < VIDEO_SLOTS_START - RING_MARGIN) {
      expect(keyframeOf(reader)).toBe(100);
      expect(get(reader, 100)).toBe(ReadResult.ok);
      put(writer, next, 0, next);
      next += 1;
    }
    expect(keyframeOf(reader)).toBeNull();
    expect(get(reader, 100)).toBe(ReadResult.lapped);
  });

  test("knows when the newest keyframe came, and how much with it and since", () => {
    const buffer = createRing("video");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, 0);
    const seen = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
    expect(reader.newestKeyframe(seen)).toBeFalse();
    put(writer, 99, 0, 6, 900);
    put(writer, 101, SlotFlag.keyframeStart, 7, 1_000);
    put(writer, 102, 0, 7, 1_001);
    expect(reader.newestKeyframe(seen)).toBeTrue();
    expect(seen).toEqual({ sequence: 101, arrivalUs: 1_000, bytesSince: 16 });
    // Its true start comes late.
    put(writer, 100, SlotFlag.keyframeStart, 7, 1_002);
    expect(reader.newestKeyframe(seen)).toBeTrue();
    expect(seen).toEqual({ sequence: 100, arrivalUs: 1_000, bytesSince: 24 });
    put(writer, 200, SlotFlag.keyframeStart, 8, 9_000_000);
    expect(reader.newestKeyframe(seen)).toBeTrue();
    expect(seen).toEqual({ sequence: 200, arrivalUs: 9_000_000, bytesSince: 8 });
    // Another source begins: nobody may start before it.
    put(writer, 201, SlotFlag.discontinuity, 9, 9_000_001);
    expect(reader.newestKeyframe(seen)).toBeFalse();
  });

  test("a leap of the writer voids what it overwrites before it does", () => {
    const buffer = createRing("audio");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, 0);
    for (let i = 0; i < 100; i += 1) put(writer, 1000 + i);
    expect(get(reader, 1060)).toBe(ReadResult.ok);
    // Reserved and not committed: the distance alone must tell already.
    expect(writer.reserve(1060 + AUDIO_SLOTS)).not.toBe(NO_SLOT);
    expect(reader.distance(1060)).toBe(AUDIO_SLOTS);
    expect(get(reader, 1060)).toBe(ReadResult.lapped);
    expect(get(reader, 1099)).toBe(ReadResult.ok);
  });

  test("gives parameter sets, timing and words of other threads back", () => {
    const buffer = createRing("video");
    const writer = new RingWriter(buffer);
    const reader = new RingReader(buffer, 3);
    expect(reader.parameterSets()).toBeNull();
    const sets = new Uint8Array(Guarded.parameterSets.bytes).fill(9);
    writer.setParameterSets(sets);
    expect(reader.parameterSets()).toEqual(sets);
    writer.setParameterSets(new Uint8Array(0));
    expect(reader.parameterSets()).toBeNull();
    const timing = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
    expect(reader.timing(timing)).toBe(false);
    writer.setTiming(0xfffffff0, 3.9e15, 17);
    expect(reader.timing(timing)).toBe(true);
    expect(timing).toEqual({ rtpTimestamp: 0xfffffff0, ntpUs: 3.9e15, localUs: 17 });
    expect(writer.wantedBy(3)).toBe(false);
    reader.want(true);
    expect(writer.wantedBy(3)).toBe(true);
    reader.requestKeyframe("join");
    reader.requestKeyframe("failure");
    reader.requestKeyframe("join");
    expect(writer.keyframeRequests(4, "join")).toBe(2);
    expect(writer.keyframeRequests(4, "failure")).toBe(1);
    expect(writer.keyframeRequests(3, "join")).toBe(0);
  });
});
