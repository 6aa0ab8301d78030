/** A writer that has none of a layer's packets tells of it, and hears who wants it. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import type { Subscriber } from "../../src/feed/feed.ts";
import { Feeds } from "../../src/feed/feeds.ts";
import { ringOf } from "../../src/feed/layer-table.ts";
import { Wishes } from "../../src/intake/wishes.ts";
import { KeyframeRequests } from "../../src/media/keyframe-requests.ts";
import { LayerChoice } from "../../src/media/layer-choice.ts";
import { createRing, Guarded, KeyframeWish } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { ToldLayers } from "../../src/ring/told-layers.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { FencedMemory } from "../support/fenced.ts";

const READER = 3;
const SIZES = [
  [320, 180],
  [1280, 720],
] as const;
const RATES = [200_000, 1_500_000] as const;

/** A link's end that knows of two layers what the other end tells, and pulls what is wanted. */
class FakeRelay {
  readonly grants: readonly RingGrant[];
  readonly tracks;
  readonly wishes: Wishes;
  readonly #told = new ToldLayers();

  constructor() {
    this.grants = SIZES.map((_, index) => ({ index, buffer: createRing("video"), writer: 0 }));
    this.tracks = this.grants.map(({ buffer }, i) => {
      const writer = new RingWriter(buffer);
      writer.describe(Codec.vp8, 90_000, "", `r${i}`);
      return { writer, keyframes: new KeyframeRequests(), video: true, left: false };
    });
    this.wishes = new Wishes(this.tracks, READER + 1);
  }

  tell(now: number): void {
    this.tracks.forEach(({ writer }, i) => {
      this.#told.keyframes = true;
      this.#told.bitrates[0] = RATES[i]!;
      this.#told.seenUs[0] = now - 30_000;
      this.#told.store(writer.views);
      const [width, height] = SIZES[i]!;
      writer.setSize(width, height);
    });
  }
}

test("told-layers: what is told can be chosen, wanted and asked for a keyframe", () => {
  const relay = new FakeRelay();
  const rung: number[] = [];
  const feeds = new Feeds({
    reader: READER,
    allocate: new FencedMemory().allocate,
    wish: ({ index }) => rung.push(index),
    lapped: () => {},
    counters: new Float64Array(COUNTER_NAMES.length),
  });
  const following = feeds.open({ epoch: 1, audio: null, video: relay.grants }, 0);
  for (let now = 1_000_000; now <= 2_000_000; now += 100_000) {
    relay.tell(now);
    following.table.update(now);
  }
  const path = { targetBitrate: 4e6, acknowledgedBitrate: 0, recentBitrate: 0, queueUs: 0 };
  const probed = { probedBitrate: 0, probedAt: Number.NEGATIVE_INFINITY };
  const chosen = new LayerChoice().choose(2e6, following.table.layers, { ...path, ...probed });
  expect(ringOf(chosen)).toBe(1);
  const wanted = () => relay.tracks.map(({ writer }) => writer.wantedBy(READER));
  expect([wanted(), rung]).toEqual([[false, false], []]);

  const feed = following.video[1]!;
  const viewer: Subscriber = {
    session: 1,
    spatialId: -1,
    forward: () => true,
    lapped: () => {},
  };
  feed.attach(viewer);
  feed.reader.requestKeyframe("join");
  expect([wanted(), rung]).toEqual([
    [false, true],
    [1, 1],
  ]);
  relay.wishes.read(2e6);
  expect(relay.tracks.map(({ keyframes }) => keyframes.standing)).toEqual([
    KeyframeWish.none,
    KeyframeWish.join,
  ]);
});

test("told-layers: a reader keeps what it has been told while more is being written", () => {
  const writer = new RingWriter(createRing("video"));
  const reader = new RingReader(writer.buffer, -1);
  const [from, to] = [new ToldLayers(), new ToldLayers()];
  to.load(reader.views);
  expect(to).toEqual(new ToldLayers());
  from.keyframes = true;
  for (let point = 0; point < 32; point += 1) {
    from.bitrates[point] = 1_000 + point;
    from.seenUs[point] = 5e9 + point;
  }
  from.store(writer.views);
  to.load(reader.views);
  expect(to).toEqual(from);
  const guard = Guarded.told.at / 4;
  writer.views.words[guard] = writer.views.words[guard]! + 1;
  to.load(reader.views);
  expect(to).toEqual(from);
});
