import { Counter, countUp } from "../contract/counters.ts";

/** What a tail had to do without so far; begins at 0 with another source. */
export interface Lacks {
  /** Segments that began without a keyframe. */
  readonly forced: number;
  /** Frames that were malformed, or whose times could not be. */
  readonly dropped: number;
  /** How often even the shortest playlists were too much for its memory. */
  readonly tooHeavy: number;
}

/** What of that its worker has counted. */
export class TailTally {
  #forced = 0;
  #dropped = 0;
  #tooHeavy = 0;

  note({ forced, dropped, tooHeavy }: Lacks, counters: Float64Array): void {
    countUp(counters, Counter.hlsSegmentsForced, riseOf(this.#forced, forced));
    countUp(counters, Counter.hlsFramesDropped, riseOf(this.#dropped, dropped));
    countUp(counters, Counter.hlsTailsTooHeavy, riseOf(this.#tooHeavy, tooHeavy));
    this.#forced = forced;
    this.#dropped = dropped;
    this.#tooHeavy = tooHeavy;
  }
}

function riseOf(before: number, now: number): number {
  return now < before ? now : now - before;
}
