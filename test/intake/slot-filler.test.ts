/** Slots that come described, as another ring had them; the rest of it is in writer.test.ts. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import { Incoming, SlotFiller } from "../../src/intake/slot-filler.ts";
import { SLOT_BYTES, VIDEO_SLOTS_MAX } from "../../src/limits.ts";
import { OriginSequence } from "../../src/media/sequence.ts";
import { layerBytes, layerSeenUs, noteLayers } from "../../src/ring/layer-totals.ts";
import { createRing, gridBit, LAYER_POINTS, Slot, SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { ReadResult, type RingKeyframe, RingReader } from "../../src/ring/reader.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { EXTENSION_TABLE_LENGTH } from "../../src/wire/extensions.ts";

const START = 1_000_000;
const COUNT = 30;
/** The other machine's clock is ahead by so much, and its packets are so long on their way. */
const AHEAD_US = 77_000_000;
const LATE_US = 40_000;

/** A ring and its onlooker. */
class Ring {
  readonly writer = new RingWriter(createRing("video"));
  readonly reader = new RingReader(this.writer.buffer, -1);
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly filler = new SlotFiller(
    this.writer,
    true,
    new Uint8Array(EXTENSION_TABLE_LENGTH),
    this.counters,
  );

  read(sequence: number): Uint8Array {
    const slot = new Uint8Array(SLOT_BYTES);
    expect(this.reader.read(sequence, slot, 0)).toBe(ReadResult.ok);
    return slot.slice(0, this.reader.copied);
  }

  get keyframe(): RingKeyframe {
    const keyframe = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
    expect(this.reader.newestKeyframe(keyframe)).toBeTrue();
    return keyframe;
  }

  /** What the header counts of the layers, and when each was heard of. */
  get layers(): readonly (readonly [bytes: number, seenUs: number])[] {
    const { views } = this.reader;
    return Array.from({ length: LAYER_POINTS }, (_, point) => {
      return [layerBytes(views, point), layerSeenUs(views, point)];
    });
  }
}

/** Two temporal layers of VP8, a keyframe at the tenth packet, one number without media. */
function origin(): Ring {
  const ring = new Ring();
  const { writer } = ring;
  const layers = new PacketLayers();
  for (let i = 0; i < COUNT; i += 1) {
    const sequence = 400 + i;
    const temporalId = i % 2;
    const needed = gridBit(0, 1) | (temporalId === 0 ? gridBit(0, 0) : 0);
    Object.assign(layers, { frameNumberBits: 15, frameNumber: i, temporalId, needed });
    const skip = i === 20;
    const flags = skip ? SlotFlag.skip : SlotFlag.frameStart | SlotFlag.marker;
    const length = skip ? 0 : 100 + i;
    const offset = writer.reserve(sequence);
    const key = i === 10 ? SlotFlag.keyframeStart : 0;
    const arrival = START + i * 1_000;
    writer.setDescription(offset, i * 3_000, length, arrival, Codec.vp8, flags | key, null);
    writer.addExtension(offset, 3, Uint8Array.of(i, 1, 2), 0, 3);
    writer.setPayload(offset, new Uint8Array(length).fill(i), 0, length);
    layers.store(writer.views.data, offset);
    if (!skip) noteLayers(writer.views, layers, length, arrival);
    writer.commit(sequence, offset);
  }
  return ring;
}

/** Bytes of a slot without what is the ring's own: its number, and the two times. */
function carried(slot: Uint8Array): string {
  const copy = Buffer.from(slot);
  copy.fill(0, Slot.sequence, Slot.sequence + 4).fill(0, Slot.arrival, Slot.arrival + 8);
  copy.fill(0, Slot.late, Slot.late + 4);
  return copy.toString("hex");
}

test("origin-time: a relayed ring says what its origin says: slots, keyframe, totals and layers", () => {
  const [from, to] = [origin(), new Ring()];
  const moved = AHEAD_US - START;
  for (let i = 0; i < COUNT; i += 1) {
    const slot = from.read(400 + i);
    // In the middle of a datagram.
    const datagram = Buffer.concat([Buffer.alloc(13, 0xee), slot, Buffer.alloc(5, 0xee)]);
    const arrival = AHEAD_US + i * 1_000;
    const receipt = arrival + LATE_US;
    const flags = to.filler.putSlot(receipt, 9_000 + i, datagram, 13, arrival, receipt);
    expect(flags).toBe(new DataView(slot.buffer).getUint32(Slot.flags, true));
    const copy = to.read(9_000 + i);
    expect(carried(copy)).toBe(carried(slot));
    const data = new DataView(copy.buffer);
    expect(data.getFloat64(Slot.arrival, true)).toBe(arrival);
    expect(data.getUint32(Slot.late, true)).toBe(LATE_US);
  }
  expect(to.keyframe).toEqual({
    sequence: 9_010,
    arrivalUs: from.keyframe.arrivalUs + moved,
    bytesSince: from.keyframe.bytesSince,
  });
  const seen = from.layers.map(
    ([bytes, at]) => [bytes, at === 0 ? 0 : at + moved + LATE_US] as const,
  );
  expect(to.layers).toEqual(seen);
  expect(to.reader.describe().packets).toBe(COUNT);
  const newest = AHEAD_US + (COUNT - 1) * 1_000;
  expect([to.reader.lastArrivalUs, to.reader.lastReceiptUs]).toEqual([newest, newest + LATE_US]);
  expect([Counter.packetsIn!, Counter.keyframesIn!].map((at) => to.counters[at])).toEqual([
    COUNT,
    1,
  ]);
  expect(to.filler.touched).toBeTrue();
});

test("what is no slot is refused and leaves its number free; a number is taken once", () => {
  const [from, to] = [origin(), new Ring()];
  const slot = from.read(401);
  const put = (source: Uint8Array, at = 0) =>
    to.filler.putSlot(START, 9_000, source, at, START, START);
  const longer = (field: number, value: number): Uint8Array => {
    const copy = new Uint8Array(SLOT_BYTES + 512);
    copy.set(slot);
    new DataView(copy.buffer).setUint16(field, value, true);
    return copy;
  };
  const bad = [
    slot.subarray(0, Slot.payload - 1),
    slot.subarray(0, slot.length - 1),
    longer(Slot.payloadLength, SLOT_BYTES - Slot.payload + 1),
    longer(Slot.extensionLength, Slot.payload - Slot.extensions - 1),
  ];
  for (const each of bad) expect(put(each)).toBe(NO_SLOT);
  expect(put(slot, 1)).toBe(NO_SLOT);
  expect(to.counters[Counter.malformed!]).toBe(5);
  expect([to.reader.empty, to.filler.touched]).toEqual([true, false]);
  expect(put(slot)).not.toBe(NO_SLOT);
  expect(put(slot)).toBe(NO_SLOT);
  expect(to.counters[Counter.packetsDuplicate!]).toBe(1);
});

/** Fills a ring with VP8 packets of a publisher, under the numbers that it is given. */
class FakeWriter extends Ring {
  readonly #packet = new Incoming();
  readonly #origin = new OriginSequence();

  constructor() {
    super();
    const { header } = this.#packet;
    this.#packet.bytes = Uint8Array.of(0x10, 1, 2, 3);
    Object.assign(header, { payloadOffset: 0, payloadLength: 4 });
    this.#packet.codec = Codec.vp8;
  }

  fill(origin: number, discontinuity = false): number {
    return this.filler.fill(START, Object.assign(this.#packet, { origin, discontinuity }));
  }

  /** A packet with this RTP sequence number: where it belongs, media/sequence.ts says. */
  receive(sequence: number): number {
    if (!this.#origin.map(sequence)) return NO_SLOT;
    return this.fill(this.#origin.origin, this.#origin.discontinuity);
  }

  /** Whether these numbers are there, up to the head. */
  holds(from: number, to: number): boolean {
    const slot = new Uint8Array(SLOT_BYTES);
    for (let at = from; at < to; at += 1) {
      if (this.reader.read(at, slot, 0) !== ReadResult.ok) return false;
    }
    return this.reader.head === to;
  }
}

test("leap: one number too far ahead is refused and counted, and the true ones behind it are stored", () => {
  const ring = new FakeWriter();
  const slot = origin().read(401);
  for (let i = 0; i < 50; i += 1) ring.fill(1_000 + i);
  expect(ring.fill(1_050 + VIDEO_SLOTS_MAX + 1)).toBe(NO_SLOT);
  const far = (1_050 + 10 ** 9) | 0;
  expect(ring.filler.putSlot(START, far, slot, 0, START, START)).toBe(NO_SLOT);
  expect(ring.counters[Counter.packetsDuplicate!]).toBe(2);
  for (let i = 50; i < 100; i += 1) ring.fill(1_000 + i);
  expect(ring.holds(1_000, 1_100)).toBeTrue();
});

test("leap: a publisher that goes on with other numbers is stored behind those it had", () => {
  const ring = new FakeWriter();
  for (let i = 0; i < 50; i += 1) ring.receive(100 + i);
  const head = ring.reader.head;
  expect(ring.receive(40_000) & SlotFlag.discontinuity).toBe(SlotFlag.discontinuity);
  for (let i = 1; i < 50; i += 1) ring.receive(40_000 + i);
  expect(ring.holds(head - 50, head + 50)).toBeTrue();
});
