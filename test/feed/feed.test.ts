import { expect, test } from "bun:test";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import { Feed, type Subscriber } from "../../src/feed/feed.ts";
import { SourceClock } from "../../src/feed/source-clock.ts";
import { Staging } from "../../src/feed/staging.ts";
import { SlotFiller } from "../../src/intake/slot-filler.ts";
import { SLOT_BYTES } from "../../src/limits.ts";
import { createRing, Header, SlotFlag } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { EXTENSION_TABLE_LENGTH } from "../../src/wire/extensions.ts";

const SUBSCRIBER: Subscriber = {
  session: 1,
  spatialId: -1,
  forward: () => true,
  lapped: () => {},
};

test("the writer that the grant names is woken for the first subscriber, and for a keyframe", () => {
  const grant: RingGrant = { index: 12, buffer: createRing("video"), writer: 3 };
  const wishes: number[][] = [];
  const feed = new Feed(
    grant,
    5,
    new SourceClock(),
    ({ writer, index }) => wishes.push([writer, index]),
    false,
  );
  expect(wishes).toEqual([]);
  feed.attach(SUBSCRIBER);
  feed.attach({ ...SUBSCRIBER, session: 2 });
  expect(wishes).toEqual([[3, 12]]);
  feed.reader.requestKeyframe("join");
  expect(wishes).toEqual([
    [3, 12],
    [3, 12],
  ]);
});

const SECOND = 1_000_000;
const KEY = SlotFlag.keyframeStart | SlotFlag.frameStart;

/** A ring that is filled with slots of another node's, as a relay does, and its feed. */
class RelayedRing {
  readonly feed: Feed;
  readonly writer: RingWriter;
  readonly #filler: SlotFiller;
  readonly #batch = new Staging({ bytes: new Uint8Array(Staging.bytes(1)), address: 0 }, 1);
  readonly #there = new RingWriter(createRing("video"));
  readonly #thereReader = new RingReader(this.#there.buffer, -1);
  #sequence = 0;

  constructor(source = new SourceClock()) {
    const grant: RingGrant = { index: 1, buffer: createRing("video"), writer: 0 };
    const writer = new RingWriter(grant.buffer);
    this.writer = writer;
    writer.describe(Codec.vp8, 90_000, "", "");
    const counters = new Float64Array(COUNTER_NAMES.length);
    this.#filler = new SlotFiller(writer, true, new Uint8Array(EXTENSION_TABLE_LENGTH), counters);
    this.feed = new Feed(grant, 0, source, () => {}, false);
    this.feed.attach(SUBSCRIBER);
  }

  /** A packet that reached the first node at `arrivalMs`, and this one at `receiptMs`. */
  put(sequence: number, arrivalMs: number, receiptMs: number, flags = 0): void {
    const slot = new Uint8Array(SLOT_BYTES);
    const offset = this.#there.reserve(this.#sequence);
    this.#there.setDescription(offset, arrivalMs * 90, 500, 7, Codec.vp8, flags, null);
    this.#there.commit(this.#sequence, offset);
    this.#thereReader.read(this.#sequence, slot, 0);
    this.#sequence += 1;
    const [arrival, receipt] = [arrivalMs * 1_000, receiptMs * 1_000];
    this.#filler.putSlot(receipt, sequence, slot, 0, arrival, receipt);
    this.#batch.clear();
    this.#batch.load(this.feed.reader, sequence);
    expect([this.#batch.arrivals[0], this.#batch.receipts[0]]).toEqual([arrival, receipt]);
    this.feed.note(this.#batch, 0);
  }
}

test("origin-time: a group of pictures that has only just come is as old as it was at its first node", () => {
  const ring = new RelayedRing();
  ring.put(1, 10_000, 11_900, KEY);
  expect(ring.feed.joinableKeyframe(11.9 * SECOND)).toBe(1);
  expect(ring.feed.joinableKeyframe(12.1 * SECOND)).toBeNull();
  // Asked in vain, an old one would do if the ring were not as far behind.
  expect(ring.feed.joinableKeyframe(12.1 * SECOND, true)).toBeNull();
});

test("origin-time: a layer that is as late as all of its source rewinds nobody, an older picture does", () => {
  const source = new SourceClock();
  const [from, to] = [new RelayedRing(source), new RelayedRing(source)];
  const rewinds = (ms: number) => to.feed.rewinds(source, from.feed, ms * 1_000);
  to.put(1, 10_000, 10_400, KEY);
  expect(rewinds(10_400)).toBeFalse();
  to.put(2, 10_200, 10_600);
  expect(rewinds(10_600)).toBeTrue();
});

test("origin-time: what is filled late does not make its ring older, and keeps it from being silent", () => {
  const ring = new RelayedRing();
  const { feed } = ring;
  ring.put(100, 10_000, 10_050);
  ring.put(90, 8_000, 10_250);
  const { reader } = feed;
  expect([reader.lastArrivalUs, reader.lastReceiptUs]).toEqual([10 * SECOND, 10.25 * SECOND]);
  const { flowsSince } = feed;
  ring.put(101, 10_400, 10_450);
  expect(feed.flowsSince).toBe(flowsSince);
  ring.put(102, 10_450, 10_800);
  expect(feed.flowsSince).toBe(10.8 * SECOND);
});

test("origin-time: the source's clock goes by when packets reached the first node", () => {
  const ring = new RelayedRing();
  ring.put(1, 10_000, 10_300);
  const { clock, source } = ring.feed;
  expect(clock.timestampAt(10.3 * SECOND, 90_000, source, false)).toBe(10_300 * 90);
});

test("pulled-again: a layer goes on behind a gap, and joins wait for its next keyframe", () => {
  const ring = new RelayedRing();
  const { reader } = ring.feed;
  ring.writer.setWord(Header.pliIgnored, 1);
  ring.put(100, 10_000, 10_050, KEY);
  for (let i = 1; i < 60; i += 1) ring.put(100 + i, 10_000 + i * 10, 10_050 + i * 10);
  expect(ring.feed.joinableKeyframe(20 * SECOND)).toBe(100);
  // Nobody wanted it for a minute, in which a million packets passed elsewhere.
  const again = 1_000_000;
  expect(ring.writer.reserve(again)).toBe(NO_SLOT);
  ring.writer.resume(again);
  ring.put(again, 70_000, 70_050);
  ring.put(again + 2, 70_020, 70_070, KEY);
  // The two came in the wrong order.
  expect(ring.feed.joinableKeyframe(70.1 * SECOND)).toBe(again + 2);
  ring.put(again + 1, 70_010, 70_090);
  expect([reader.head, reader.distance(100) > reader.slots]).toEqual([again + 3, true]);
  expect(reader.views.words[Header.slotsWanted]!).toBeLessThan(512);
});

test("pulled-again: the keyframe of a time before is no place to begin", () => {
  const ring = new RelayedRing();
  ring.writer.setWord(Header.pliIgnored, 1);
  ring.put(100, 10_000, 10_050, KEY);
  ring.writer.resume(110);
  ring.put(110, 12_000, 12_050);
  expect(ring.feed.joinableKeyframe(12.1 * SECOND)).toBeNull();
  ring.put(111, 13_000, 13_050, KEY);
  expect(ring.feed.joinableKeyframe(13.1 * SECOND)).toBe(111);
});
