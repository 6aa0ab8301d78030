/**
 * When a tail that fills its buffer is played, and when it can be relied on: with less in hand than
 * until the next part comes, it would stop again. Pure.
 */
export interface StartLook {
  readonly nowMs: number;
  /** Where playback stands, and how much follows without a hole, in seconds. */
  readonly timeS: number;
  readonly aheadS: number;
  /** As the playlist has them, in seconds; 0 where it has no parts. */
  readonly partS: number;
  readonly holdBackS: number;
}

/** Who has something, but never enough, begins with that. */
const WAITED_MS = 2_000;
/** It has to move for so long ... */
const MOVED_MS = 700;
/** ... and to get more meanwhile, with so much in hand; or for so long however little that is. */
const PARTS_AHEAD = 1.5;
const MOVED_LONG_MS = 3_000;
/** Of the time between two looks. */
const MOVES_SHARE = 0.5;
/** In hand where there are no parts. */
const AHEAD_S = 1;

export class TailStart {
  #hasBegun = false;
  #filledAt: number | null = null;
  #movesSince: number | null = null;
  /** Where the buffer ended when it began to move. */
  #endS = 0;
  #lookedAt = 0;
  #timeS = 0;

  /** Begins anew. */
  reset(): void {
    this.#hasBegun = false;
    this.#filledAt = null;
    this.#movesSince = null;
  }

  /** Whether to play from now on; true once. */
  begins({ nowMs, aheadS, partS, holdBackS }: StartLook): boolean {
    if (this.#hasBegun || aheadS <= 0) return false;
    this.#filledAt ??= nowMs;
    // What is held back less the part that is on its way: more there is not, at times.
    const isEnough = aheadS >= holdBackS - partS;
    this.#hasBegun = partS === 0 || isEnough || nowMs - this.#filledAt >= WAITED_MS;
    return this.#hasBegun;
  }

  /** Whether it plays, and will go on. To be asked several times a second. */
  isSteady({ nowMs, timeS, aheadS, partS }: StartLook): boolean {
    const elapsedS = (nowMs - this.#lookedAt) / 1_000;
    const moves = timeS - this.#timeS >= elapsedS * MOVES_SHARE;
    if (moves && this.#movesSince === null) {
      this.#movesSince = this.#lookedAt;
      this.#endS = timeS + aheadS;
    }
    if (!moves) this.#movesSince = null;
    this.#lookedAt = nowMs;
    this.#timeS = timeS;
    if (this.#movesSince === null) return false;
    const movedMs = nowMs - this.#movesSince;
    if (movedMs < MOVED_MS) return false;
    const isEnough = aheadS >= (partS > 0 ? partS * PARTS_AHEAD : AHEAD_S);
    const hasGrown = partS === 0 || timeS + aheadS > this.#endS;
    return hasGrown && (isEnough || movedMs >= MOVED_LONG_MS);
  }
}
