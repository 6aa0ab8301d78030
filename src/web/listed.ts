/** What a tail's playlist lists, by when it was captured. Pure. */
import type { LevelDetails } from "hls.js";
import { type Reach, reachBetween } from "./reach.ts";

type Listed = Pick<LevelDetails, "fragments" | "canSkipUntil">;

/** What can be gone back to; null where nobody may, or that is hardly more than what is live. */
export function reachOf({ fragments, canSkipUntil }: Listed): Reach | null {
  // Told where playlists may become long, and nowhere else.
  if (canSkipUntil === 0) return null;
  const [first, last] = [fragments[0], fragments.at(-1)];
  const [fromMs, endMs] = [first?.programDateTime ?? null, last?.programDateTime ?? null];
  if (fromMs === null || endMs === null) return null;
  return reachBetween(fromMs, endMs + last!.duration * 1_000);
}

/**
 * Where in the media it is what was captured then, in seconds; what comes next, where nothing was
 * captured or kept, and the oldest that will not be gone before it has been fetched.
 */
export function positionOf(listed: Listed, captureMs: number): number {
  const ms = Math.max(captureMs, reachOf(listed)?.fromMs ?? captureMs);
  const { fragments } = listed;
  const fragment =
    fragments.find(
      ({ gap, programDateTime, duration }) => !gap && programDateTime! + duration * 1_000 > ms,
    ) ?? fragments.at(-1);
  if (fragment === undefined) return 0;
  return fragment.start + Math.max(0, ms - fragment.programDateTime!) / 1_000;
}
