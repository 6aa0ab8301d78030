/** hls.js, which is fetched, and how tails are played with it. */
import type Hls from "hls.js";
import type { HlsConfig } from "hls.js";

export type TailLibrary = typeof Hls;

export const TAIL_CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  // Its worker is for transmuxing; these files need none.
  enableWorker: false,
  backBufferLength: 30,
  liveSyncOnStallIncrease: 0.25,
  // Below half of the shortest part: a part at a segment's end is not skipped (hls.js #5028).
  maxFragLookUpTolerance: 0.08,
};

/** Null where it cannot be loaded now. */
export async function loadLibrary(): Promise<TailLibrary | null> {
  try {
    return (await import("./hls.js")).default;
  } catch {
    return null;
  }
}
