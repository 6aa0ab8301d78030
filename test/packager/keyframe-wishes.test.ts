import { expect, test } from "bun:test";
import { SEGMENT_US } from "../../src/packager/ensemble.ts";
import { KeyframeWishes, type Wisher } from "../../src/packager/keyframe-wishes.ts";
import { Timeline } from "../../src/packager/timeline.ts";
import { Tracks } from "../../src/packager/tracks.ts";

const SECOND = 1_000_000;
const tracks = new Tracks({ pictures: new Timeline(90_000, 0), sound: null });

/** One whose segment began at this time; null for none. */
const wisher = (seconds: number | null): Wisher => ({
  cutUs: seconds === null ? null : seconds * SECOND,
  tracks,
});
const none = () => false;

test("for the next segment all are asked in one turn, and again after a second", () => {
  const wishes = new KeyframeWishes();
  const all = [wisher(0), null, wisher(0.3), wisher(null)];
  expect(wishes.turn(all, none, SEGMENT_US, 1.99 * SECOND)).toEqual([]);
  expect(wishes.turn(all, none, SEGMENT_US, 2 * SECOND)).toEqual([0, 2]);
  expect(wishes.turn(all, none, SEGMENT_US, 2.99 * SECOND)).toEqual([]);
  expect(wishes.turn(all, none, SEGMENT_US, 3 * SECOND)).toEqual([0, 2]);
});

test("one whose segment has just begun is left alone", () => {
  expect(new KeyframeWishes().turn([wisher(0), wisher(1.8)], none, SEGMENT_US, 2 * SECOND)).toEqual(
    [0],
  );
});

test("who needs one to go on is asked alone", () => {
  const wishes = new KeyframeWishes();
  const all = [wisher(0), wisher(null)];
  const second = (at: number) => at === 1;
  expect(wishes.turn(all, second, SEGMENT_US, 0.5 * SECOND)).toEqual([1]);
  expect(wishes.turn(all, second, SEGMENT_US, 1.4 * SECOND)).toEqual([]);
  expect(wishes.turn(all, second, SEGMENT_US, 1.5 * SECOND)).toEqual([1]);
});
