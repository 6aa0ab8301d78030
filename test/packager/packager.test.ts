/** Tails out of real rings, in virtual time. */
import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { sourceOf, Track } from "../egress/harness.ts";
import { readPlaylist } from "../support/playlist-text.ts";
import { Broadcast, READER, RingPublisher, STREAM } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

test("pictures and sound of a stream that has just begun", () => {
  const show = new Broadcast().open().run(12);
  expectWell(show);
  expect(show.newest).toEqual([6, 4]);
  const { pictures, sounds } = filmOf(show);
  expect(pictures).toBeWithin(340, 360);
  expect(sounds).toBeWithin(560, 600);
  expect(breaksIn(show)).toBe(0);
});

test("a tail that throws harms no other, and its rings are let go", () => {
  const show = new Broadcast().open();
  const other = new RingPublisher(show.now);
  const edition = "cd".repeat(16);
  show.command({ type: "source", stream: 8, source: other.source });
  show.command({ type: "tail-open", stream: 8, edition, partUs: 500_000, dvr: false });
  show.gzip = (text) => {
    if (text.includes(edition)) throw new Error("a test");
    return new Uint8Array(0);
  };
  for (let i = 0; i < 40; i += 1) {
    show.run(0.1);
    other.pass(show.now);
  }
  expect(show.failures).toHaveLength(1);
  expect(show.events.filter(({ stream }) => stream === 8)).toEqual([
    { type: "tail-failed", stream: 8, edition },
  ]);
  expect(other.video[0]!.writer.wantedBy(READER)).toBeFalse();
  expect(other.audio!.writer.wantedBy(READER)).toBeFalse();
  expect(show.newest![0]).toBeGreaterThan(0);
  show.failures.length = 0;
  expectWell(show);
});

test("segments that begin without a keyframe are counted", () => {
  const show = new Broadcast({ answerUs: null }).open().run(20);
  const begun = readPlaylist(show.text).segments.length;
  expect(begun).toBeGreaterThan(5);
  // All but the first; it began with the cached keyframe.
  expect(show.counters[Counter.hlsSegmentsForced]).toBe(begun - 1);
  expect(show.counters[Counter.hlsFramesDropped]).toBe(0);
  expectWell(show);
});

test("F11: malformed frames are counted, over all sources, and the tail lives", () => {
  const show = new Broadcast().open().run(5);
  const spoil = (times: number): void => {
    const { publisher } = show;
    for (let i = 0; i < times; i += 1) {
      const sequence = publisher.next[0]!;
      publisher.next[0] = sequence + 1;
      // A fragment that begins in its midst.
      const payload = Uint8Array.of(0x7c, 0x05, 1, 2);
      publisher.video[0]!.put(sequence, 7_000_000 + i, show.now, { payload });
      show.run(0.5);
    }
  };
  spoil(3);
  expect(show.counters[Counter.hlsFramesDropped]).toBe(3);
  show.replace(2);
  show.run(5);
  spoil(2);
  expect(show.counters[Counter.hlsFramesDropped]).toBe(5);
  expect(show.counters[Counter.hlsSegmentsForced]).toBe(0);
  expect(show.newest![0]).toBeGreaterThan(4);
  show.run(5);
  expect(show.failures).toEqual([]);
});

test("a source without any ring makes nothing, and does no harm", () => {
  const show = new Broadcast();
  const none = sourceOf({ audio: null, video: [] });
  show.open();
  show.command({ type: "source", stream: STREAM, source: none });
  show.run(3);
  expect(show.events).toEqual([]);
  show.command({
    type: "source",
    stream: STREAM,
    source: sourceOf({ video: [new Track("video")] }),
  });
  show.run(1);
  expect(show.events).toMatchObject([{ type: "tail-unavailable" }]);
  expectWell(show);
});

test("EV10 what happens in a stream is told by all its playlists from their next part on", () => {
  const show = new Broadcast({ layers: 2 }).open().run(2);
  const before = show.news.length;
  while (show.news.length === before) show.run(0.01);
  const atMs = Math.round(show.wallUs / 1000);
  const date = { id: 5, type: "cue" as const, atMs, json: '{"slide":1}' };
  show.command({ type: "tail-date", stream: STREAM, date });
  show.command({ type: "tail-date", stream: STREAM + 1, date: { ...date, id: 6 } });
  show.command({ type: "tail-date", stream: STREAM, date: { ...date, id: 7 } });
  const lines = (rendition: number) =>
    show
      .textOf(rendition)
      .split("\n")
      .filter((line) => line.startsWith("#EXT-X-DATERANGE"));
  // It alone is no news.
  show.run(0.05);
  expect([show.news.length - before, lines(0)]).toEqual([1, []]);
  show.run(0.6);
  expect(lines(0)).toHaveLength(2);
  expect(lines(1)).toEqual(lines(0));
  show.command({ type: "tail-undate", stream: STREAM, id: 7 });
  show.run(0.6);
  expect(lines(1)).toEqual([expect.stringContaining('ID="5"')]);
  expectWell(show);
});
