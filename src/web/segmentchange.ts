/**
 * Which level a tail loads next: that of a person's wish, or else what its own estimate of the network
 * allows. It changes between two segments only. In the middle of one, hls.js would load it from the
 * keyframe at its begin; where that lies before what is shown, Chromium waits for the next keyframe
 * (hls.js #3596), and the picture stands still meanwhile.
 */
import type { AbrController, LevelDetails } from "hls.js";
import type { TailLibrary } from "./taillibrary.ts";

/**
 * A controller for hls.js; `chosen`: the level of a person's wish, or null; `back`: whether nothing
 * but whole segments is loaded.
 */
export function changingBetweenSegments(
  library: TailLibrary,
  chosen: () => number | null,
  back: { readonly isBehind: boolean },
): typeof AbrController {
  return class extends library.DefaultConfig.abrController {
    override get nextAutoLevel(): number {
      const estimated = super.nextAutoLevel;
      const { hls } = this;
      // It asks once more when it has been destroyed.
      if (!hls) return estimated;
      const next = chosen() ?? estimated;
      const { loadLevel, levels, mainForwardBufferInfo } = hls;
      const isFree = loadLevel < 0 || (mainForwardBufferInfo?.len ?? 0) === 0 || back.isBehind;
      return isFree || isBetween(levels[loadLevel]?.details) ? next : loadLevel;
    }

    override set nextAutoLevel(level: number) {
      super.nextAutoLevel = level;
    }
  };
}

/** Whether what was loaded last of a playlist is the end of a segment. */
function isBetween(details: Pick<LevelDetails, "partList" | "endSN"> | null | undefined): boolean {
  const parts = details?.partList ?? [];
  const at = parts.findLastIndex(({ loaded }) => loaded);
  // Whole segments are loaded, or nothing was yet.
  if (!details || at < 0) return true;
  const { sn } = parts[at]!.fragment;
  return Number(sn) <= details.endSN && parts[at + 1]?.fragment.sn !== sn;
}
