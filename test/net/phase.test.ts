import { expect, test } from "bun:test";
import type { Frame } from "./chromium.ts";
import { phaseFigures } from "./phase.ts";

const frame = (at: number, width: number): Frame => [at, width, at * 1000];

test("a phase is settled from the first frame of the width that it ends with", () => {
  const frames = [frame(1010, 640), frame(1050, 320), frame(1090, 320), frame(1130, 160)];
  const late = [frame(1170, 160), frame(1210, 160), frame(1250, 160)];
  expect(phaseFigures([...frames, ...late], 1000, 1300, frame(970, 640))).toEqual({
    settledMs: 130,
    width: 160,
    switches: 2,
    gapMs: 50,
    frames: 7,
  });
});

test("single pictures of another width change nothing, a longer time without it does", () => {
  const width = (at: number, other: (at: number) => boolean) => frame(at, other(at) ? 320 : 640);
  const run = (other: (at: number) => boolean) =>
    phaseFigures(
      Array.from({ length: 75 }, (_, i) => width(i * 40, other)),
      0,
      3000,
      frame(-40, 320),
    );
  expect(run((at) => at < 200 || at % 400 === 0)).toMatchObject({ width: 640, settledMs: 200 });
  expect(run((at) => at < 200 || (at > 1000 && at < 1600))).toMatchObject({ settledMs: 1600 });
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
