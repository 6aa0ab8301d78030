/**
 * Which level a tail loads next: that of a person's wish, or else what its own estimate of the network
 * allows. It changes between two segments only. In the middle of one, hls.js would load it from the
 * keyframe at its begin; where that lies before what is shown, Chromium waits for the next keyframe
 * (hls.js #3596), and the picture stands still meanwhile. Nor does it change to a level whose playlist
 * is as new as that of the present one, as one that it has just left: hls.js asks for what it has of that
 * already, and then waits a target duration before it asks again.
 */
import type { AbrController, LevelDetails } from "hls.js";
import type { TailLibrary } from "./taillibrary.ts";

type LevelEnd = Pick<LevelDetails, "live" | "lastPartSn" | "lastPartIndex">;

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
      const present = levels[loadLevel]?.details;
      const isFree = loadLevel < 0 || (mainForwardBufferInfo?.len ?? 0) === 0 || back.isBehind;
      const isWell = isFree || isBetween(present);
      return isWell && !isAsNew(levels[next]?.details, present) ? next : loadLevel;
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

/** Whether a playlist that hls.js has of another level goes as far as the present one. */
function isAsNew(
  other: LevelEnd | null | undefined,
  present: LevelEnd | null | undefined,
): boolean {
  if (!other?.live || !present || other === present) return false;
  const isLater = other.lastPartSn > present.lastPartSn;
  const isSame = other.lastPartSn === present.lastPartSn;
  return isLater || (isSame && other.lastPartIndex >= present.lastPartIndex);
}
