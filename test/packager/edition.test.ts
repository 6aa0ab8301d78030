/** A tail over all its publishers, in virtual time. */
import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { KEYFRAME_INTERVAL, KEYFRAMES_UNKNOWN_MS, SlotFlag } from "../../src/ring/layout.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { KEY } from "../egress/harness.ts";
import { fromHex } from "../support/hex.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import { Broadcast, EDITION, RingPublisher, STREAM } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

test("keyframes are asked for by the word of segments, once each", () => {
  const show = new Broadcast().open().run(19.5);
  const { publisher } = show;
  expect([publisher.wishes("join"), publisher.wishes("failure")]).toEqual([0, 0]);
  expect(publisher.wishes("segment")).toBeWithin(8, 11);
  expect(publisher.keyframes).toBe(publisher.wishes("segment") + 1);
});

test("who does not answer is asked no more than once a second", () => {
  const show = new Broadcast({ answerUs: null }).open();
  const asked: number[] = [];
  for (let i = 0; i < 1_000; i += 1) {
    const before = show.publisher.wishes("segment");
    show.run(0.01);
    if (show.publisher.wishes("segment") > before) asked.push(show.now);
  }
  expect(asked.length).toBeWithin(3, 10);
  const apart = asked.slice(1).map((at, i) => at - asked[i]!);
  expect(Math.min(...apart)).toBeGreaterThanOrEqual(1_000_000);
  expectWell(show);
});

for (const seconds of [1.5, 2.3, 2.7, 6, 20]) {
  test(`V03: a stream that nobody has asked for in ${seconds} s: its tail begins with a keyframe, and so does each segment`, () => {
    const show = new Broadcast().run(seconds).open();
    const before = show.now;
    show.run(0.8);
    // Out of the cached group of pictures; where that would have to be cut, with the keyframe that is asked for.
    const startMs = readPlaylist(show.text).segments[0]!.dateMs;
    const ageMs = (before - show.now) / 1000 + show.wallUs / 1000 - startMs;
    if (seconds < 2.5) expect(ageMs).toBeWithin(seconds * 1000 - 100, seconds * 1000 + 100);
    else expect(ageMs).toBeWithin(-200, 0);
    show.run(10);
    expect(readPlaylist(show.text).segments.length).toBeGreaterThan(3);
    expect(show.publisher.keyframes).toBeWithin(5, 9);
    expect(show.news.flatMap(({ variant }) => variant?.independent ?? [])).not.toContain(false);
    expectWell(show);
  });
}

describe("L10: TARGETDURATION is that of the encoder's own keyframes", () => {
  for (const [seconds, ignores, target] of [
    [0, false, 3],
    [1.2, true, 3],
    [1.7, true, 4],
    [2, true, 3],
    [4, true, 5],
    [8.34, true, 9],
    [12, true, 10],
    // It is known that it cannot be asked, and no more, for long.
    [0, true, 10],
  ] as const) {
    test(`each ${seconds} s${ignores ? ", whoever asks" : ""}: ${target} s`, () => {
      const keyframeEveryUs = seconds === 0 ? null : seconds * 1e6;
      const answerUs = ignores ? null : 60_000;
      // So small that a long group lies whole in a ring.
      const show = new Broadcast({ answerUs, keyframeEveryUs, frameBytes: 800 });
      const { writer } = show.publisher.video[0]!;
      const isUnknown = ignores && seconds === 0;
      writer.setWord(KEYFRAME_INTERVAL, isUnknown ? KEYFRAMES_UNKNOWN_MS : seconds * 1_000);
      show.open().run(40);
      expect(show.text).toContain(`#EXT-X-TARGETDURATION:${target}\n`);
      const isCut = seconds > 10 || (ignores && seconds === 0);
      expect(show.counters[Counter.hlsSegmentsForced]! > 0).toBe(isCut);
      expectWell(show);
    });
  }
});

for (const hours of [-1, 0, 1]) {
  test(`F09: a publisher's clock that is off by ${hours} h does not show`, () => {
    const show = new Broadcast({ clockOffUs: hours * 3.6e9 }).open().run(12);
    const newest = readPlaylist(show.text).segments.at(-1)!;
    expect(show.wallUs / 1000 - newest.dateMs).toBeWithin(0, 3_000);
    expect(breaksIn(show)).toBe(0);
    expectWell(show);
  });
}

describe("another publisher", () => {
  for (const seconds of [0, 3, 25]) {
    test(`after ${seconds} s: a discontinuity, and numbers go on`, () => {
      const show = new Broadcast().open().run(6);
      const [msn] = show.newest!;
      show.replace(seconds, { seed: 2 });
      show.run(5);
      expect(show.newest![0]).toBeWithin(msn + 2, msn + 5);
      expect(breaksIn(show)).toBe(1);
      expectWell(show);
    });
  }

  test("finds the rings of the one before still there: until then the last picture stays", () => {
    const show = new Broadcast().open().run(6);
    const before = show.news.length;
    show.replace(10, { seed: 2 }, true);
    expect(show.news.length - before).toBeGreaterThan(18);
    show.run(5);
    expect(breaksIn(show)).toBe(1);
    expectWell(show);
  });

  test("F09: has sent long before: its cached group is older than what was shown, and dates do not go back", () => {
    const show = new Broadcast().open().run(6);
    const next = new RingPublisher(show.now, { seed: 2 });
    for (let i = 0; i < 200; i += 1) {
      show.run(0.01);
      next.pass(show.now);
    }
    show.publisher = next;
    show.command({ type: "source", stream: STREAM, source: next.source });
    show.run(6);
    expect(breaksIn(show)).toBe(1);
    expectWell(show);
  });

  test("none comes: the end, and nothing behind it", () => {
    const show = new Broadcast().open().run(6);
    show.command({ type: "source", stream: STREAM, source: null });
    show.publishes = false;
    show.run(30);
    expect(show.text).not.toContain("ENDLIST");
    show.end();
    expect(show.text).toEndWith("#EXT-X-ENDLIST\n");
    const { length } = show.events;
    show.publishes = true;
    show.publisher = new RingPublisher(show.now);
    show.command({ type: "source", stream: STREAM, source: show.publisher.source });
    show.run(3);
    expect(show.events).toHaveLength(length);
    expectWell(show);
  });

  test("the end of one that never began is no playlist", () => {
    const show = new Broadcast();
    show.publishes = false;
    show.open().run(1);
    show.end();
    expect(show.events).toEqual([]);
  });
});

describe("what cannot be carried", () => {
  test("is told once, with its reason, and another source may do", () => {
    const show = new Broadcast();
    show.publisher.video[0]!.describe(Codec.vp8);
    show.open().run(2);
    const reason = "its video is VP8";
    expect(show.events).toEqual([
      { type: "tail-unavailable", stream: STREAM, edition: EDITION, reason, tooHeavy: false },
    ]);
    show.replace(0);
    show.run(2);
    expect(show.newest).not.toBeNull();
    expectWell(show);
  });

  test("layers of several codecs have none; once they are of one, they have", () => {
    const show = new Broadcast({ layers: 2, keyframeEveryUs: 1_000_000 });
    const [top] = show.publisher.video;
    top!.describe(Codec.vp9);
    show.open().run(2);
    const reason = "its layers are of several codecs";
    expect(show.events).toMatchObject([{ type: "tail-unavailable", reason }]);
    top!.describe(Codec.h264);
    show.run(3);
    expect(show.renditions).toEqual([0, 1]);
    expectWell(show);
  });

  test("spatial layers are told when their keyframe comes", () => {
    const show = new Broadcast();
    const [video] = show.publisher.video;
    video!.describe(Codec.vp9);
    show.publishes = false;
    show.open().run(1);
    // | I P L F B E V Z |, a structure of two layers, a keyframe; then the layer above it.
    const layers = ["ae8010 00 00 20 8249834200", "ac8010 03 00 8249834200"];
    for (const [n, hex] of layers.entries()) {
      const flags = n === 0 ? KEY : SlotFlag.marker;
      video!.put(100 + n, 90_000, show.now, { payload: fromHex(hex), flags });
    }
    show.run(1);
    const reason = "its VP9 has several spatial layers";
    expect(show.events).toMatchObject([{ type: "tail-unavailable", reason }]);
    show.publishes = true;
    show.replace(0);
    show.run(2);
    expect(show.newest).not.toBeNull();
    expectWell(show);
  });

  test("a publisher that changes to VP8 and back: the tail goes on at the next keyframe", () => {
    const show = new Broadcast().open().run(5);
    const [video] = show.publisher.video;
    const parts = show.news.length;
    video!.describe(Codec.vp8);
    show.run(2);
    expect(show.events.at(-1)).toMatchObject({ type: "tail-unavailable" });
    video!.describe(Codec.h264);
    show.run(5);
    expect(show.news.length).toBeGreaterThan(parts + 5);
    expectWell(show);
  });

  test("packets of another codec are not taken for pictures", () => {
    const show = new Broadcast().open().run(5);
    const [video] = show.publisher.video;
    // The description follows the packets.
    video!.codec = Codec.vp8;
    show.run(0.1);
    video!.codec = Codec.h264;
    show.run(3);
    expect(filmOf(show).longestUs).toBeGreaterThan(100_000);
    expectWell(show);
  });
});
