/** Until when packets wait in their rings, in virtual time. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import type { Feed, Subscriber } from "../../src/feed/feed.ts";
import { Feeds } from "../../src/feed/feeds.ts";
import {
  AUDIO_HELD_MAX_US,
  HELD_COST_US,
  HELD_PACKETS_MAX,
  STAGE_PACKETS,
} from "../../src/limits.ts";
import { createRing, gridBit, LayerFlag, SlotFlag } from "../../src/ring/layout.ts";
import { PacketLayers } from "../../src/ring/packet-layers.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { FencedMemory } from "../support/fenced.ts";

const MARKER = SlotFlag.marker;
const PATIENCE = 8_000;
/** Packets come so far apart, on the whole, and a path that takes 1.3 times as many sends one in ... */
const SPACING = 10_000;
const BUSY = SPACING / 1.3;
const TWO_LAYERS = gridBit(0, 0) | gridBit(1, 0);

interface PutOptions {
  readonly flags?: number;
  /** Of the picture; each 33 ms by default. */
  readonly timestamp?: number;
  /** Of an SVC stream of two spatial layers. */
  readonly spatialId?: number;
  readonly ends?: boolean;
}

class Ring {
  readonly grant: RingGrant;
  readonly #writer: RingWriter;
  readonly #layers = new PacketLayers();

  constructor(
    readonly kind: "audio" | "video",
    index: number,
  ) {
    this.grant = { index, buffer: createRing(kind), writer: 0 };
    this.#writer = new RingWriter(this.grant.buffer);
    this.#writer.describe(this.#codec, kind === "audio" ? 48_000 : 90_000, "", "");
  }

  get #codec() {
    return this.kind === "audio" ? Codec.opus : Codec.vp9;
  }

  put(sequence: number, now: number, { flags = 0, ...options }: PutOptions): void {
    const { timestamp = 0, spatialId, ends = false } = options;
    const writer = this.#writer;
    const offset = writer.reserve(sequence);
    writer.setDescription(offset, timestamp, 100, now, this.#codec, flags, null);
    const layers = this.#layers;
    layers.clear();
    if (spatialId !== undefined) {
      layers.frameNumberBits = 15;
      layers.spatialId = spatialId;
      layers.active = TWO_LAYERS;
      layers.flags = ends ? LayerFlag.end : 0;
    }
    layers.store(writer.views.data, offset);
    writer.setPayload(offset, new Uint8Array(100), 0, 100);
    writer.commit(sequence, offset);
  }
}

/** Packets of a frame each, until it is known how far apart they come. */
const SETTLING = 60;

/** One stream with viewers, each of whom is sent up to a spatial layer; what they are given, and when. */
class World {
  now = 5_000_000;
  patience = PATIENCE;
  readonly video = new Ring("video", 1);
  readonly audio = new Ring("audio", 2);
  /** Of the first viewer: `video 1 2 3` for a run. */
  readonly got: { readonly at: number; readonly run: string }[] = [];
  readonly feeds = new Feeds({
    reader: 0,
    allocate: new FencedMemory().allocate,
    wish: () => {},
    lapped: () => {},
    counters: new Float64Array(COUNTER_NAMES.length),
  });
  readonly #feeds: readonly Feed[];
  began = 0;
  #sequence = 100 - SETTLING;

  constructor(...tops: readonly number[]) {
    const source = { epoch: 1, audio: this.audio.grant, video: [this.video.grant] };
    this.#feeds = this.feeds.open(source, this.now).feeds;
    for (const [i, top] of tops.entries()) this.#attach(i, top);
    for (let i = 0; i < SETTLING; i += 1) {
      this.put({ flags: MARKER, timestamp: 1_000_000 + i });
      this.pass(SPACING);
    }
    this.got.length = 0;
    this.began = this.now;
  }

  /** A packet of video comes. */
  put(options: PutOptions = {}, sequence = this.#sequence): number {
    this.#sequence = Math.max(this.#sequence, sequence + 1);
    this.video.put(sequence, this.now, options);
    this.feeds.mark(this.video.grant.index);
    this.#serve();
    return sequence;
  }

  sound(sequence: number): void {
    this.audio.put(sequence, this.now, {});
    this.feeds.mark(this.audio.grant.index);
    this.#serve();
  }

  /** Time passes, until nothing is left to be due within it. */
  pass(us: number): void {
    const end = this.now + us;
    for (;;) {
      const due = this.feeds.dueAt(this.now, this.patience);
      if (due > end) break;
      this.now = Math.max(this.now, due);
      this.#serve();
    }
    this.now = end;
  }

  /** What has left so far, with the time since the beginning in us. */
  get runs(): [atUs: number, run: string][] {
    return this.got.map(({ at, run }) => [at - this.began, run]);
  }

  #attach(session: number, spatialId: number): void {
    const forward = (feed: Feed): boolean => {
      if (session === 0) this.#note(feed);
      return true;
    };
    const subscriber: Subscriber = { session, spatialId, forward, lapped: () => {} };
    for (const feed of this.#feeds) feed.attach(subscriber);
  }

  #note(feed: Feed): void {
    const { count, sequences } = this.feeds.batch;
    const numbers = [...sequences.subarray(0, count)].map((sequence) => sequence - 100);
    const run = [feed.audio ? "audio" : "video", ...numbers].join(" ");
    this.got.push({ at: this.now, run });
  }

  #serve(): void {
    const { feeds, patience } = this;
    for (;;) {
      const feed = feeds.next(this.now, patience);
      if (feed === null) return;
      for (const each of feed.subscribers) each.forward(feed, feeds.batch, this.now);
    }
  }
}

test("frame-hold: the first of a frame waits for a millisecond, the next for as long as the worker has patience", () => {
  const world = new World(-1);
  world.patience = 4_000;
  world.put();
  world.pass(3_000);
  world.put();
  world.pass(2_000);
  world.put();
  world.pass(20_000);
  expect(world.runs).toEqual([
    [1_000, "video 0"],
    [7_000, "video 1 2"],
  ]);
  expect(world.feeds.dueSince).toBe(world.began + 7_000);
  expect(world.feeds.hasNews).toBeFalse();
});

test("frame-hold: a path that takes 1.3 times the stream is not left idle in the middle of a frame", () => {
  const world = new World(-1);
  world.put();
  world.pass(3_000);
  world.put();
  world.pass(2_000);
  world.put();
  world.pass(4_000);
  // For so long it is busy with the three that have left, and patience with the fourth ends before.
  world.put();
  world.pass(20_000);
  expect(world.runs.map(([at, run]) => [Math.round(at), run])).toEqual([
    [1_000, "video 0"],
    [Math.round(1_000 + BUSY), "video 1 2"],
    [9_000 + PATIENCE, "video 3"],
  ]);
});

test("frame-hold: the end of a frame leaves at once, with all before it, and the next frame waits anew", () => {
  const world = new World(-1);
  world.put();
  world.pass(2_000);
  world.put();
  world.pass(2_000);
  world.put({ flags: MARKER });
  world.pass(500);
  world.put({ timestamp: 3_000 });
  world.pass(20_000);
  expect(world.runs).toEqual([
    [1_000, "video 0"],
    [4_000, "video 1 2"],
    [5_500, "video 3"],
  ]);
});

test("frame-hold: with no patience every packet leaves as it comes", () => {
  const world = new World(-1);
  world.patience = 0;
  for (let i = 0; i < 3; i += 1) {
    world.put();
    world.pass(1_000);
  }
  expect(world.runs).toEqual([
    [0, "video 0"],
    [1_000, "video 1"],
    [2_000, "video 2"],
  ]);
});

test("frame-hold: a full run leaves before its frame's end: nobody is held for more than 16 packets", () => {
  const world = new World(-1);
  for (let i = 0; i < 40; i += 1) {
    world.put({ flags: i === 0 ? SlotFlag.keyframeStart : i === 39 ? MARKER : 0 });
    world.pass(100);
  }
  expect(world.runs.map(([at, run]) => [at, run.split(" ").length - 1])).toEqual([
    [1_000, 10],
    [2_500, HELD_PACKETS_MAX],
    [3_900, 14],
  ]);
});

test("frame-hold: a keyframe that comes at once leaves at once, stage by stage", () => {
  const world = new World(-1);
  for (let i = 0; i < 50; i += 1)
    world.video.put(100 + i, world.now, { flags: i < 49 ? 0 : MARKER });
  world.feeds.mark(world.video.grant.index);
  world.pass(0);
  expect(world.runs.map(([at, run]) => [at, run.split(" ").length - 1])).toEqual([
    [0, STAGE_PACKETS],
    [0, 50 - STAGE_PACKETS],
  ]);
});

test("frame-hold: of many viewers fewer packets are held: what stands before a frame's end is not long", () => {
  const viewers = Math.ceil(PATIENCE / HELD_COST_US / 3);
  const world = new World(...new Array<number>(viewers).fill(-1));
  world.put();
  world.pass(2_000);
  for (let i = 1; i < 6; i += 1) {
    world.put({ flags: i === 5 ? MARKER : 0 });
    world.pass(500);
  }
  expect(world.runs).toEqual([
    [1_000, "video 0"],
    [3_000, "video 1 2 3"],
    [4_000, "video 4 5"],
  ]);
  expect(world.feeds.dueSince).toBe(world.began + 4_000);
});

test("frame-hold: what fills a hole leaves at once: a decoder waits for it already", () => {
  const world = new World(-1);
  world.put({}, 100);
  world.pass(400);
  world.put({}, 102);
  world.pass(400);
  world.put({}, 101);
  expect(world.runs).toEqual([[800, "video 0 2 1"]]);
  world.put({ flags: MARKER }, 104);
  world.pass(400);
  world.put({}, 103);
  expect(world.runs.slice(1)).toEqual([
    [800, "video 4"],
    [1_200, "video 3"],
  ]);
});

test("frame-hold: a frame ends for a viewer with the layer that it is sent, whether the ring's picture goes on", () => {
  const world = new World(0);
  world.put({ spatialId: 0 });
  world.pass(400);
  world.put({ spatialId: 0, ends: true });
  expect(world.runs).toEqual([[400, "video 0 1"]]);
  world.pass(400);
  // Nobody is sent this.
  world.put({ spatialId: 1 });
  world.pass(400);
  world.put({ spatialId: 1, ends: true, flags: MARKER });
  expect(world.runs.slice(1)).toEqual([[1_200, "video 2 3"]]);
});

test("frame-hold: where some are sent more, the packet behind a layer's end tells that it is one for others", () => {
  const world = new World(0, 1);
  world.put({ spatialId: 0 });
  world.pass(400);
  world.put({ spatialId: 0, ends: true });
  world.pass(400);
  expect(world.runs).toEqual([]);
  world.put({ spatialId: 1 });
  expect(world.runs).toEqual([[800, "video 0 1 2"]]);
});

test("frame-hold: the end of a layer that is nobody's end waits like any packet", () => {
  const world = new World(1);
  world.put({ spatialId: 0, ends: true });
  world.pass(400);
  world.put({ spatialId: 1 });
  world.pass(400);
  expect(world.runs).toEqual([]);
  world.put({ spatialId: 1, ends: true, flags: MARKER });
  expect(world.runs).toEqual([[800, "video 0 1 2"]]);
});

test("frame-hold: a picture whose upper layers were left out ends where the next one begins", () => {
  const world = new World(1);
  world.put({ spatialId: 0, ends: true });
  world.pass(400);
  expect(world.runs).toEqual([]);
  world.put({ spatialId: 0, timestamp: 3_000 });
  expect(world.runs).toEqual([[400, "video 0 1"]]);
});

test("frame-hold: the end of a layer that waits for the packet behind it is held back, and not looked for again", () => {
  const world = new World(1);
  world.put({ spatialId: 0, ends: true });
  world.pass(20_000);
  expect(world.runs).toEqual([]);
  expect(world.feeds.hasNews).toBeFalse();
  world.put({ spatialId: 1, ends: true, flags: MARKER });
  expect(world.runs).toEqual([[20_000, "video 0 1"]]);
});

test("frame-hold: a packet that is held back fills no hole when it comes again", () => {
  const world = new World(1);
  world.put({ spatialId: 0 });
  world.pass(400);
  world.put({ spatialId: 0, ends: true });
  world.pass(1_000);
  world.put({ spatialId: 1 });
  world.pass(600);
  expect(world.runs).toEqual([[1_000, "video 0"]]);
  world.put({ spatialId: 1, ends: true, flags: MARKER });
  expect(world.runs.slice(1)).toEqual([[2_000, "video 1 2 3"]]);
});

test("frame-hold: sound rides with the pictures of its stream, behind them", () => {
  const world = new World(-1);
  world.put();
  world.pass(400);
  world.sound(100);
  world.pass(400);
  world.put({ flags: MARKER });
  expect(world.runs).toEqual([
    [800, "video 0 1"],
    [800, "audio 0"],
  ]);
});

test("frame-hold: sound alone leaves after 5 ms, or as soon as patience ends", () => {
  const world = new World(-1);
  world.sound(100);
  world.pass(20_000);
  world.patience = 1_000;
  world.sound(101);
  world.pass(20_000);
  expect(world.runs).toEqual([
    [AUDIO_HELD_MAX_US, "audio 0"],
    [21_000, "audio 1"],
  ]);
});

test("frame-hold: lips and voice: sound is held for 5 ms at most, whatever its pictures do", () => {
  const world = new World(-1);
  world.patience = 10_000;
  const came = new Map<string, number>();
  let sequence = 100;
  for (let ms = 0; ms < 2_000; ms += 1) {
    // 30 frames a second, each of six packets spread over 15 ms; sound each 20 ms.
    const [frame, within] = [Math.floor(ms / 33), ms % 33];
    if (within <= 15 && within % 3 === 0) {
      came.set(`video ${sequence - 100}`, world.now);
      sequence = world.put({ timestamp: frame * 3_000, flags: within === 15 ? MARKER : 0 }) + 1;
    }
    if (ms % 20 === 0) {
      came.set(`audio ${ms / 20}`, world.now);
      world.sound(100 + ms / 20);
    }
    world.pass(1_000);
  }
  world.pass(20_000);
  const held = new Map<string, number>();
  for (const { at, run } of world.got) {
    const [kind, ...numbers] = run.split(" ");
    for (const number of numbers)
      held.set(`${kind} ${number}`, at - came.get(`${kind} ${number}`)!);
  }
  expect(held.size).toBe(came.size);
  const of = (kind: string) =>
    [...held].flatMap(([name, us]) => (name.startsWith(kind) ? [us] : []));
  expect(Math.max(...of("audio"))).toBe(AUDIO_HELD_MAX_US);
  expect(Math.max(...of("video"))).toBeLessThanOrEqual(10_000);
  // Frames are not held at all: their last packets, which make a picture, leave as they come.
  const ends = of("video").filter((_, i) => i % 6 === 5);
  expect(ends.every((us) => us === 0)).toBeTrue();
});

test("frame-hold: what came before anybody wanted the ring, and what nobody wants any more, is not waited for", () => {
  const world = new World();
  world.put();
  expect(world.feeds.dueAt(world.now, PATIENCE)).toBe(Number.POSITIVE_INFINITY);
  expect(world.feeds.hasNews).toBeFalse();
});
