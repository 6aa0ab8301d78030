import type { Frame } from "./chromium.ts";

/** What a viewer saw in one stretch of time with one capacity. */
export interface PhaseFigures {
  /** ms from its start to the first frame of the width with which it ended; Infinity without one. */
  readonly settledMs: number;
  /** Width of most frames of the last second. */
  readonly width: number;
  /** Changes of width. */
  readonly switches: number;
  /** Longest time without a new frame, ms, ends of the phase included. */
  readonly gapMs: number;
  readonly frames: number;
}

/** Its width is that of most frames of so long. */
const END_MS = 1000;
/** An encoder short of bits leaves out upper layers of single pictures: a width that is back within
 * this time has not been left. */
const BACK_MS = 400;

/** `last`: time and width of the last frame before the phase. */
export function phaseFigures(
  frames: readonly Frame[],
  start: number,
  end: number,
  last: Frame | null,
): PhaseFigures {
  const width = endWidth(frames, end) ?? last?.[1] ?? 0;
  let settledMs = Number.POSITIVE_INFINITY;
  let seenAt = Number.NEGATIVE_INFINITY;
  let switches = 0;
  let gapMs = 0;
  let before = last;
  for (const frame of frames) {
    const [at, present] = frame;
    gapMs = Math.max(gapMs, at - (before?.[0] ?? start));
    if (before !== null && before[1] !== present) switches += 1;
    const back = present === width && before !== null && before[1] !== width;
    if (back && at - seenAt > BACK_MS) settledMs = Number.POSITIVE_INFINITY;
    if (present === width) {
      seenAt = at;
      if (settledMs === Number.POSITIVE_INFINITY) settledMs = Math.max(0, at - start);
    }
    before = frame;
  }
  gapMs = Math.max(gapMs, end - (before?.[0] ?? start));
  return { settledMs, width, switches, gapMs, frames: frames.length };
}

/** Width of most frames of the last second; null without frames. */
function endWidth(frames: readonly Frame[], end: number): number | null {
  const counts = new Map<number, number>();
  const late = frames.filter(([at]) => at > end - END_MS);
  for (const [, width] of late.length > 0 ? late : frames.slice(-1)) {
    counts.set(width, (counts.get(width) ?? 0) + 1);
  }
  const most = [...counts].sort(([, left], [, right]) => right - left)[0];
  return most === undefined ? null : most[0];
}
