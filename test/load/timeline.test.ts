import { expect, test } from "bun:test";
import { mergeTimelines, Timeline } from "../../src/load/timeline.ts";

/** Monotonic time 5 s is a quarter of a second into the hundredth since 1970. */
function begun(): Timeline {
  return new Timeline(5e6, 100.25e6);
}

test("of each second the longest pauses are told, and what was lost in all", () => {
  const timeline = begun();
  timeline.gap(5.1e6, 30_000);
  timeline.gap(5.7e6, 90_000);
  timeline.gap(5.74e6, 40_000);
  timeline.freeze(7.8e6, 200_000);
  timeline.lost(6e6, 2);
  timeline.lost(6.5e6, 1);
  expect(timeline.toData()).toEqual({
    since: 100,
    gapUs: [90_000],
    freezeUs: [0, 0, 0, 200_000],
    lost: [0, 3],
  });
});

test("what came before the first second counts to it", () => {
  const timeline = begun();
  timeline.gap(1e6, 7);
  expect(timeline.toData().gapUs).toEqual([7]);
});

test("threads that began at other times are put side by side", () => {
  const early = begun();
  const late = new Timeline(5e6, 102.5e6);
  early.gap(7e6, 50);
  late.gap(5e6, 70);
  late.gap(6e6, 20);
  early.lost(5e6, 1);
  late.lost(5e6, 4);
  expect(mergeTimelines([late.toData(), early.toData()])).toEqual({
    since: 100,
    gapUs: [0, 0, 70, 20],
    freezeUs: [],
    lost: [1, 0, 4],
  });
  expect(mergeTimelines([])).toBeNull();
});
