/**
 * When a tail that fills its buffer is played, and when it can be relied on: with less in hand than
 * until the next part comes, it would stop again. Pure.
 */
export interface StartLook {
  readonly nowMs: number;
  /** Where playback stands, or can begin, and how much follows without a hole, in seconds. */
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
/** Hardly behind: it catches up by itself. */
const NEAR_S = 0.05;

/**
 * Where to begin instead, in seconds; null to begin where it stands. Parts that came while the first ones
 * were fetched put it up to a second behind, which to catch up takes twenty, and before the first picture
 * a step costs nothing. `syncS`: the place that is aimed at.
 */
export function beginAt(look: StartLook, syncS: number | null): number | null {
  const { timeS, aheadS, partS, holdBackS } = look;
  if (syncS === null || partS === 0) return null;
  const at = Math.min(syncS, timeS + aheadS - (holdBackS - partS));
  return at - timeS > NEAR_S ? at : null;
}

export class TailStart {
  #hasBegun = false;
  #filledAt: number | null = null;
  #movesSince: number | null = null;
  /** Where the buffer ended when it began to move. */
  #endS = 0;
  #lookedAt = 0;
  #timeS = 0;
  /** Since it began. */
  #wasSteady = false;

  /** It could be relied on once: what breaks before that is a part of its beginning. */
  get wasSteady(): boolean {
    return this.#wasSteady;
  }

  /** Begins anew. */
  reset(): void {
    this.#hasBegun = false;
    this.#filledAt = null;
    this.#movesSince = null;
    this.#wasSteady = false;
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
    const isSteady = hasGrown && (isEnough || movedMs >= MOVED_LONG_MS);
    this.#wasSteady ||= isSteady;
    return isSteady;
  }
}
