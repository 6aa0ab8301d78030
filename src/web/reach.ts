/** What of a stream can be gone back to, told by when it was captured: ms since 1970 by the server's clock. Pure. */
import type { WebLink } from "./link.ts";

export interface Reach {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Nearer to its newest picture a stream is watched live. */
export const BEHIND_MS_MIN = 10_000;
/** So much is there without an archive, too. */
const REACH_MS_MIN = 30_000;
/** What is older than all but this is gone before it has been fetched. */
const OLDEST_MS = 6_000;

/** Null where that is hardly more than what is live. */
export function reachBetween(oldestMs: number, toMs: number): Reach | null {
  const fromMs = oldestMs + OLDEST_MS;
  return toMs - fromMs >= REACH_MS_MIN ? { fromMs, toMs } : null;
}

/** What an answer to a viewer's POST tells of the tail; `nowMs` by the server's clock. */
export function toldReach(link: WebLink | null, nowMs: number): Reach | null {
  const { dvr, since } = link?.parameters ?? {};
  return reachBetween(Math.max(nowMs - Number(dvr) * 1_000, Number(since)), nowMs);
}
