/** The receiver's model shows what a decoder could show, and nothing else. */
import { expect, test } from "bun:test";
import type { SimPacket } from "./packet.ts";
import { Pictures, Progress } from "./pictures.ts";

interface Part {
  readonly index: number;
  readonly timestamp: number;
  readonly marker?: boolean;
  readonly keyframe?: boolean;
  readonly padding?: boolean;
}

function packet({ index, timestamp, marker = false, keyframe = false, padding }: Part): SimPacket {
  return {
    ...{ kind: "video", bytes: 1000, transport: 0, sendTime: -1, index, timestamp },
    ...{ marker, reports: [] },
    picture: padding === true ? null : { keyframe, capturedAt: timestamp },
  };
}

function play(...parts: readonly Part[]) {
  const pictures = new Pictures();
  const progress = parts.map((part, now) => pictures.add(now, part.index, packet(part)));
  return { pictures, progress };
}

const KEY = { index: 5, timestamp: 10, keyframe: true, marker: true };

test("nothing is shown before a keyframe, and no picture before its last packet", () => {
  const { pictures } = play(
    { index: 3, timestamp: 8, marker: true },
    KEY,
    { index: 6, timestamp: 11 },
    { index: 7, timestamp: 11, marker: true },
  );
  expect(pictures.shownAt).toEqual([1, 3]);
});

test("a missing packet holds up what follows until it comes, padding included", () => {
  const { pictures, progress } = play(
    KEY,
    { index: 7, timestamp: 11, marker: true },
    { index: 9, timestamp: 12, marker: true },
    { index: 6, timestamp: 0, padding: true },
    { index: 8, timestamp: 12 },
  );
  expect(pictures.shownAt).toEqual([0, 3, 4]);
  expect(progress.at(-1)).toBe(Progress.goesOn);
});

test("a whole keyframe is shown though something is missing before it", () => {
  const { pictures } = play(
    KEY,
    { index: 8, timestamp: 12, keyframe: true },
    { index: 9, timestamp: 12, marker: true },
    { index: 10, timestamp: 13, marker: true },
    { index: 6, timestamp: 11, marker: true },
  );
  expect(pictures.shownAt).toEqual([0, 2, 3]);
});

test("a picture without an end breaks the stream until the next keyframe", () => {
  const { pictures, progress } = play(
    KEY,
    { index: 6, timestamp: 11 },
    { index: 7, timestamp: 12, marker: true },
    { index: 8, timestamp: 13, keyframe: true, marker: true },
  );
  expect(progress).toEqual([Progress.goesOn, Progress.waits, Progress.broken, Progress.goesOn]);
  expect(pictures.shownAt).toEqual([0, 3]);
  // Cut off by a keyframe, as at a switch, it harms nobody.
  const { pictures: cut } = play(KEY, { index: 6, timestamp: 11 }, { ...KEY, index: 7 });
  expect(cut.shownAt).toEqual([0, 2]);
});
