/** hls.js, a file of its own, as tails are played with it. */
import type Hls from "hls.js";
import type { HlsConfig } from "hls.js";

export type TailLibrary = typeof Hls;

/** Beside the file that this is bundled into. */
const LIBRARY = new URL("hls.js", import.meta.url).href;

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
    return ((await import(LIBRARY)) as { default: TailLibrary }).default;
  } catch {
    return null;
  }
}
