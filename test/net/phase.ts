import type { Frame } from "./chromium.ts";

/** What a viewer saw in one stretch of time with one capacity. */
export interface PhaseFigures {
  /** ms from its start to the first frame of the width with which it ended; Infinity without one. */
  readonly settledMs: number;
  /** Width of the last frame. */
  readonly width: number;
  /** Changes of width. */
  readonly switches: number;
  /** Longest time without a new frame, ms, ends of the phase included. */
  readonly gapMs: number;
  readonly frames: number;
}

/** `last`: time and width of the last frame before the phase. */
export function phaseFigures(
  frames: readonly Frame[],
  start: number,
  end: number,
  last: Frame | null,
): PhaseFigures {
  const width = frames.at(-1)?.[1] ?? last?.[1] ?? 0;
  let settledMs = Number.POSITIVE_INFINITY;
  let switches = 0;
  let gapMs = 0;
  let before = last;
  for (const frame of frames) {
    const [at, present] = frame;
    gapMs = Math.max(gapMs, at - (before?.[0] ?? start));
    if (before !== null && before[1] !== present) switches += 1;
    if (present !== width) settledMs = Number.POSITIVE_INFINITY;
    else if (settledMs === Number.POSITIVE_INFINITY) settledMs = Math.max(0, at - start);
    before = frame;
  }
  gapMs = Math.max(gapMs, end - (before?.[0] ?? start));
  return { settledMs, width, switches, gapMs, frames: frames.length };
}
