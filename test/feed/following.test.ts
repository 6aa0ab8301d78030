import { expect, test } from "bun:test";
import { Following } from "../../src/feed/following.ts";
import { sourceOf, Track } from "../egress/harness.ts";

test("one feed a ring, in the order of the source, on one clock", () => {
  const audio = new Track("audio");
  const video = [new Track("video"), new Track("video"), new Track("video")];
  const source = sourceOf({ audio, video });
  const following = new Following(source, 0, () => {});
  expect(following.epoch).toBe(source.epoch);
  expect(following.video.map(({ index }) => index)).toEqual(video.map(({ grant }) => grant.index));
  expect(following.feeds[0]).toBe(following.audio!);
  expect(following.feeds.length).toBe(4);
  expect(new Set(following.feeds.map((feed) => feed.source)).size).toBe(1);
  // To know of a ring is not to want it.
  expect([audio, ...video].some(({ wanted }) => wanted)).toBeFalse();
});

test("a source without audio, and one without video", () => {
  const video = new Track("video");
  const silent = new Following(sourceOf({ video: [video] }), 0, () => {});
  expect(silent.audio).toBeNull();
  expect(silent.feeds).toEqual(silent.video);
  const blind = new Following(sourceOf({ audio: new Track("audio") }), 0, () => {});
  expect(blind.video).toEqual([]);
  expect(blind.feeds).toEqual([blind.audio!]);
  blind.table.update(1);
  expect(blind.table.layers).toEqual([]);
});
