/** Tails out of real rings, in virtual time. */
import { expect, test } from "bun:test";
import { sourceOf, Track } from "../egress/harness.ts";
import { Broadcast, READER, RingPublisher, STREAM } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

test("pictures and sound of a stream that has just begun", () => {
  const show = new Broadcast().open().run(12);
  expectWell(show);
  expect(show.newest).toEqual([5, 4]);
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
  show.command({ type: "tail-open", stream: 8, edition, partUs: 500_000 });
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
