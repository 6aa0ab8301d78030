/** A reader that is no viewer follows a stream by the classes of this folder alone. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import type { RingGrant, StreamSource } from "../../src/contract/source.ts";
import type { Feed, Subscriber } from "../../src/feed/feed.ts";
import { Feeds } from "../../src/feed/feeds.ts";
import type { Following } from "../../src/feed/following.ts";
import { Staging } from "../../src/feed/staging.ts";
import { createRing, SlotFlag } from "../../src/ring/layout.ts";
import { ReadResult } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { FencedMemory } from "../support/fenced.ts";

const READER = 2;
const KEY = SlotFlag.keyframeStart | SlotFlag.frameStart;

/** A ring and its writer; a packet carries its sequence and the ring's name. */
class FakeRing {
  readonly grant: RingGrant;
  readonly writer: RingWriter;
  arrival = 1_000_000;

  constructor(index: number, kind: "audio" | "video") {
    this.grant = { index, buffer: createRing(kind), writer: 0 };
    this.writer = new RingWriter(this.grant.buffer);
    const video = kind === "video";
    this.writer.describe(video ? Codec.vp8 : Codec.opus, video ? 90_000 : 48_000, "", "");
  }

  put(sequence: number, flags: number = SlotFlag.marker): void {
    const { writer } = this;
    const offset = writer.reserve(sequence);
    const payload = Uint8Array.of(this.grant.index, sequence & 0xff);
    this.arrival += 1_000;
    writer.setDescription(offset, sequence * 3000, 2, this.arrival, Codec.vp8, flags, null);
    writer.setPayload(offset, payload, 0, 2);
    writer.commit(sequence, offset);
  }

  putRun(from: number, count: number): void {
    for (let i = 0; i < count; i += 1) this.put(from + i);
  }
}

/** Takes down what one stream brings, as a recorder would. */
class FakeReader implements Subscriber {
  readonly session = 7;
  readonly spatialId = -1;
  /** Ring and sequence of each packet, in the order in which it was given. */
  readonly got: [ring: number, sequence: number][] = [];
  laps = 0;
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly wishes: number[] = [];
  readonly memory = new FencedMemory();
  readonly feeds = new Feeds({
    reader: READER,
    allocate: this.memory.allocate,
    wish: ({ index }) => this.wishes.push(index),
    lapped: (feed, now) => {
      for (const each of feed.subscribers) each.lapped(feed, now);
    },
    counters: this.counters,
  });
  readonly #one = new Staging(this.memory.allocate(Staging.bytes(1)), 1);
  #following: Following | null = null;

  /** Another source, or the first: everything of the one before is let go. */
  follow(source: StreamSource | null, now: number): void {
    const before = this.#following;
    this.#following = source === null ? null : this.feeds.open(source, now);
    for (const feed of this.#following?.feeds ?? []) this.#join(feed, now);
    for (const feed of before?.feeds ?? []) feed.detach(this);
    if (before !== null) this.feeds.release(before);
  }

  /** What has been written to these rings since. */
  turn(now: number, ...rings: readonly FakeRing[]): void {
    for (const { grant } of rings) this.feeds.mark(grant.index);
    for (let feed = this.feeds.next(now, 0); feed !== null; feed = this.feeds.next(now, 0)) {
      for (const each of feed.subscribers) each.forward(feed, this.feeds.batch, now);
    }
  }

  forward(feed: Feed, batch: Staging): boolean {
    for (let i = 0; i < batch.count; i += 1) this.#take(feed, batch, i);
    return true;
  }

  lapped(feed: Feed, now: number): void {
    this.laps += 1;
    this.#catchUp(feed, now);
  }

  #join(feed: Feed, now: number): void {
    feed.attach(this);
    if (feed !== this.#following!.audio) this.#catchUp(feed, now);
  }

  /** From the newest keyframe to where the live batches go on; asks for one where there is none. */
  #catchUp(feed: Feed, now: number): void {
    const keyframe = feed.joinableKeyframe(now);
    if (keyframe === null) feed.reader.requestKeyframe("join");
    else for (let at = keyframe; !feed.isEdge(at); at += 1) this.#fetch(feed, at);
  }

  #fetch(feed: Feed, sequence: number): void {
    this.#one.clear();
    if (this.#one.load(feed.reader, sequence) === ReadResult.ok) this.#take(feed, this.#one, 0);
  }

  #take(feed: Feed, batch: Staging, i: number): void {
    const at = batch.payloadOffset(i);
    const sequence = batch.sequences[i]!;
    expect([...batch.region.bytes.subarray(at, at + 2)]).toEqual([feed.index, sequence & 0xff]);
    this.got.push([feed.index, sequence]);
  }
}

function sourceOf(epoch: number, audio: FakeRing | null, ...video: FakeRing[]): StreamSource {
  return { epoch, audio: audio?.grant ?? null, video: video.map(({ grant }) => grant) };
}

/** Sequences of one ring, as they came. */
function of(reader: FakeReader, ring: FakeRing): number[] {
  return reader.got.filter(([index]) => index === ring.grant.index).map(([, at]) => at);
}

function run(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

test("a reader gets the packets of all rings, each ring's in the order in which they came", () => {
  const [audio, video] = [new FakeRing(3, "audio"), new FakeRing(4, "video")];
  const reader = new FakeReader();
  reader.follow(sourceOf(1, audio, video), 1_000_000);
  expect([audio, video].map(({ writer }) => writer.wantedBy(READER))).toEqual([true, true]);
  video.putRun(100, 70);
  audio.putRun(500, 3);
  reader.turn(1_100_000, audio, video);
  video.put(171);
  video.put(170);
  reader.turn(1_200_000, video);
  expect(of(reader, video)).toEqual([...run(100, 70), 171, 170]);
  expect(of(reader, audio)).toEqual([500, 501, 502]);
  expect(reader.laps).toBe(0);
  reader.memory.check();
});

test("a ring that nobody told of is not read, nor one of another stream", () => {
  const [video, other] = [new FakeRing(4, "video"), new FakeRing(5, "video")];
  const reader = new FakeReader();
  reader.follow(sourceOf(1, null, video), 1_000_000);
  video.putRun(1, 2);
  other.putRun(1, 2);
  reader.turn(1_100_000, other);
  expect(reader.got).toEqual([]);
  expect(reader.feeds.hasNews).toBeFalse();
});

test("a reader joins at a keyframe that is there, and asks for one where there is none", () => {
  const [video, bare] = [new FakeRing(4, "video"), new FakeRing(5, "video")];
  video.putRun(10, 5);
  video.put(15, KEY);
  video.putRun(16, 20);
  bare.putRun(10, 5);
  const reader = new FakeReader();
  reader.follow(sourceOf(1, null, video, bare), video.arrival);
  expect(of(reader, video)).toEqual(run(15, 21));
  expect(of(reader, bare)).toEqual([]);
  expect(bare.writer.keyframeRequests(READER + 1, "join")).toBe(1);
  expect(video.writer.keyframeRequests(READER + 1, "join")).toBe(0);
  // Two rings are wanted from now on, and one lacks a keyframe: three times a writer is woken.
  expect(reader.wishes).toEqual([4, 5, 5]);
  video.putRun(36, 3);
  reader.turn(video.arrival, video, bare);
  expect(of(reader, video)).toEqual(run(15, 24));
});

test("a reader that was overtaken is told once, and goes on at the newest keyframe", () => {
  const video = new FakeRing(4, "video");
  const reader = new FakeReader();
  reader.follow(sourceOf(1, null, video), 1_000_000);
  const keyframe = video.writer.views.slotsMax * 2;
  video.putRun(0, keyframe);
  video.put(keyframe, KEY);
  video.putRun(keyframe + 1, 4);
  reader.turn(video.arrival, video);
  expect([reader.laps, reader.counters[Counter.ringLaps!]]).toEqual([1, 1]);
  expect(of(reader, video)).toEqual(run(keyframe, 5));
  video.put(keyframe + 5);
  reader.turn(video.arrival, video);
  expect(reader.laps).toBe(1);
  expect(of(reader, video)).toEqual(run(keyframe, 6));
});

test("a reader goes over to another source, and lets the rings of the one before go", () => {
  const [before, after] = [new FakeRing(4, "video"), new FakeRing(5, "video")];
  const reader = new FakeReader();
  reader.follow(sourceOf(1, null, before), 1_000_000);
  before.putRun(1, 3);
  reader.turn(before.arrival, before);
  after.put(900, KEY);
  reader.follow(sourceOf(2, null, after), after.arrival);
  expect([before, after].map(({ writer }) => writer.wantedBy(READER))).toEqual([false, true]);
  before.putRun(4, 3);
  after.putRun(901, 2);
  reader.turn(after.arrival, before, after);
  expect(reader.got).toEqual([
    [4, 1],
    [4, 2],
    [4, 3],
    [5, 900],
    [5, 901],
    [5, 902],
  ]);
  reader.follow(null, after.arrival);
  expect(after.writer.wantedBy(READER)).toBeFalse();
  expect(reader.feeds.all.size).toBe(0);
});
