/** How the time that there is gets divided, and what still fits. */
import { GOP_SECONDS } from "./source.ts";

/** How long each part takes, s. */
interface Shares {
  /** Of the floor: settling, and as long again measured. */
  readonly floor: number;
  /** A load that compiles the server's code, before anything is judged; 0: none. */
  readonly warmUp: number;
  /** Measured of each step. */
  readonly step: number;
}

/** Left for ending everything. */
const RESERVE_SECONDS = 2;
/** Joins a second: what they cost is a third of a core at most. */
export const JOIN_RATE = 200;
/** A step's start, publisher, settling and goodbyes before any was seen. */
const OVERHEAD_SECONDS = 3;

/** `seconds` in all. A server's code is compiled in steps while it runs, so it gets some time to. */
function sharesOf(seconds: number): Shares {
  const warmUp = Math.min(WARM_UP_MAX, Math.round(seconds * WARM_UP_SHARE));
  return {
    floor: Math.min(2, Math.max(0.5, seconds / 60)),
    warmUp: warmUp < WARM_UP_MIN ? 0 : warmUp,
    // Whole groups of pictures: each has its keyframe, which takes longest.
    step: (seconds < LONG ? 1 : 2) * GOP_SECONDS,
  };
}

const WARM_UP_SHARE = 0.12;
/** A shorter one is not worth its viewers' joins. */
const WARM_UP_MIN = 3;
const WARM_UP_MAX = 15;
/** With so many seconds there is time for long steps. */
const LONG = 90;

/** Times are us, on the line of `startedAt`. */
export class Budget {
  readonly shares: Shares;
  readonly endsAt: number;
  #overhead = OVERHEAD_SECONDS;

  constructor(
    seconds: number,
    readonly startedAt: number,
  ) {
    this.shares = sharesOf(seconds);
    this.endsAt = startedAt + Math.max(1, seconds - RESERVE_SECONDS) * 1e6;
  }

  leftSeconds(now: number): number {
    return Math.max(0, (this.endsAt - now) / 1e6);
  }

  /** Whether a step of so many viewers would be over in time, as far as those before it tell. */
  fits(viewers: number, now: number): boolean {
    return viewers / JOIN_RATE + this.shares.step + this.#overhead <= this.leftSeconds(now);
  }

  /** A step of so many viewers took so long. */
  noteStep(viewers: number, seconds: number): void {
    const overhead = seconds - viewers / JOIN_RATE - this.shares.step;
    this.#overhead = Math.max(this.#overhead, overhead);
  }
}
