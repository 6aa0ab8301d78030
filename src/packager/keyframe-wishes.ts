import { SEGMENT_LEAST_US } from "./ensemble.ts";
import type { Tracks } from "./tracks.ts";

/** Keyframes are asked for so far apart, of each layer. */
const ASK_US = 1_000_000;

/** A rendition as far as keyframes go. */
export interface Wisher {
  /** Where its open segment begins; null while it has no pictures to cut. */
  readonly cutUs: number | null;
  readonly tracks: Tracks;
}

/** Which layers are asked for a keyframe, and when: for the next segment all of them in one turn. */
export class KeyframeWishes {
  readonly #askedUs: number[] = [];

  /**
   * The indices of those that are asked now. `waits`: what comes of this layer is of no use before the
   * next keyframe, as far as its reader knows. `segmentUs`: how long segments go on now.
   */
  turn(
    wishers: readonly (Wisher | null)[],
    waits: (index: number) => boolean,
    segmentUs: number,
    nowUs: number,
  ): number[] {
    const ages = wishers.map((wisher) => ageOf(wisher, nowUs));
    const isDue = ages.some((age) => age >= segmentUs);
    const asked: number[] = [];
    for (const [at, wisher] of wishers.entries()) {
      if (wisher === null || nowUs - (this.#askedUs[at] ?? -Infinity) < ASK_US) continue;
      // A segment that has just begun needs none: it would not be cut.
      if (!waits(at) && !(isDue && ages[at]! >= SEGMENT_LEAST_US)) continue;
      this.#askedUs[at] = nowUs;
      asked.push(at);
    }
    return asked;
  }
}

/** How long its open segment goes on, us. */
function ageOf(wisher: Wisher | null, nowUs: number): number {
  if (wisher === null || wisher.cutUs === null) return 0;
  return wisher.tracks.capturedUs(nowUs) - wisher.cutUs;
}
