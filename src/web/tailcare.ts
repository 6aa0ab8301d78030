/** What the keeper of a tail says, done to hls.js. */
import type Hls from "hls.js";
import type { TailKeeper } from "./tailkeeper.ts";
import type { StartLook } from "./tailstart.ts";

/** True: to the live edge. */
export function careFor(
  hls: Hls,
  keeper: TailKeeper,
  { nowMs, aheadS, holdBackS }: StartLook,
  isWatched: boolean,
): boolean {
  if (holdBackS === 0) return false;
  const targetS = hls.targetLatency ?? holdBackS;
  const look = { nowMs, latencyS: hls.latency, targetS, holdBackS, aheadS, isWatched };
  const { toEdge, resetAim, rateMax } = keeper.look(look);
  hls.config.maxLiveSyncPlaybackRate = rateMax;
  if (resetAim) hls.targetLatency = holdBackS;
  return toEdge;
}
