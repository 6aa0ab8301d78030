import { expect, test } from "bun:test";
import type { Frame } from "./chromium.ts";
import { phaseFigures } from "./phase.ts";

const frame = (at: number, width: number): Frame => [at, width, at * 1000];

test("a phase is settled from the first frame of its last width on", () => {
  const frames = [frame(1010, 640), frame(1050, 160), frame(1090, 320), frame(1130, 160)];
  expect(phaseFigures([...frames, frame(1170, 160)], 1000, 1200, frame(970, 640))).toEqual({
    settledMs: 130,
    width: 160,
    switches: 3,
    gapMs: 40,
    frames: 5,
  });
});

test("the longest gap may begin before the phase or last until its end", () => {
  expect(phaseFigures([frame(1500, 640)], 1000, 1600, frame(990, 640)).gapMs).toBe(510);
  expect(phaseFigures([frame(1010, 640)], 1000, 1600, frame(990, 640)).gapMs).toBe(590);
});

test("without a frame nothing is settled", () => {
  const { settledMs, width, gapMs } = phaseFigures([], 1000, 1600, frame(990, 640));
  expect([settledMs, width, gapMs]).toEqual([Number.POSITIVE_INFINITY, 640, 610]);
  expect(phaseFigures([], 1000, 1600, null).width).toBe(0);
});
