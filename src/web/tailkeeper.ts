/**
 * Keeps a tail near its live edge. hls.js lets itself fall behind: each stall adds to what it aims at,
 * for ever (hls.js #6350), who is more than some seconds behind never plays faster, and what a sleeping
 * tab or a starved start lost stays lost. Pure.
 */
export interface TailLook {
  readonly nowMs: number;
  /** Behind the live edge, in seconds. */
  readonly latencyS: number;
  /** What hls.js aims at now, and what the playlist asks for. */
  readonly targetS: number;
  readonly holdBackS: number;
  /** What follows without a hole, in seconds. */
  readonly aheadS: number;
  /** The page is visible and playback is not paused. */
  readonly isWatched: boolean;
}

/** What to do about it. */
export interface TailCare {
  /** To the live edge. */
  readonly toEdge: boolean;
  /** To aim at what the playlist asks for again. */
  readonly resetAim: boolean;
  /** How fast it may play to come nearer. */
  readonly rateMax: number;
}

/** Further behind than this its aim, it would take a minute to come near by playing faster. */
const BEHIND_S_MAX = 4;
/** Closer than this to its aim, playing faster is enough for who has just come, or come back ... */
const NEAR_S = 2;
/** ... and so for whom the picture stood still anyway: one break is better than two. */
const STALLED_NEAR_S = 1;
const STALLED_MS = 4_000;
const STABLE_MS = 30_000;
/** Between two looks, or out of sight for so long. */
const SLEPT_MS = 5_000;
/** Time to fill the buffer at the new place. */
const SETTLE_MS = 4_000;
/** Nobody hears the one; the other, which who listens may, is for who is far behind. */
const RATE = 1.05;
const RATE_FAR = 1.1;
const FAR_S = 1;

export class TailKeeper {
  #stalledAt = Number.NEGATIVE_INFINITY;
  /** That hls.js aims at more since is well. */
  #raisedAt = Number.NEGATIVE_INFINITY;
  #watchedAt: number | null = null;
  #movedAt: number | null = null;
  /** Until it was near its edge, or has gone there: at first, for a start may have been starved. */
  #slept = true;

  /** `wasSteady`: it had played well before. A start that breaks off says nothing of the network later. */
  stalled(nowMs: number, wasSteady: boolean): void {
    this.#stalledAt = nowMs;
    if (wasSteady) this.#raisedAt = nowMs;
  }

  look(look: TailLook): TailCare {
    const { nowMs, latencyS, targetS, holdBackS } = look;
    if (!look.isWatched) return { toEdge: false, resetAim: false, rateMax: RATE };
    if (nowMs - (this.#watchedAt ?? nowMs) > SLEPT_MS) this.#slept = true;
    this.#watchedAt = nowMs;
    this.#movedAt ??= nowMs;
    const behindS = latencyS - targetS;
    const toEdge = this.#isToMove(look, behindS);
    if (toEdge) this.#movedAt = nowMs;
    if (toEdge || behindS < NEAR_S) this.#slept = false;
    return {
      toEdge,
      resetAim: targetS > holdBackS && nowMs - this.#raisedAt > STABLE_MS,
      rateMax: behindS > FAR_S ? RATE_FAR : RATE,
    };
  }

  #isToMove({ nowMs, aheadS }: TailLook, behindS: number): boolean {
    const limitS = this.#slept ? NEAR_S : BEHIND_S_MAX;
    if (behindS > limitS && nowMs - this.#movedAt! > SETTLE_MS) return true;
    // Once what is there at the new place is here already.
    const hasStalled = nowMs - this.#stalledAt < STALLED_MS && this.#movedAt! < this.#stalledAt;
    return hasStalled && behindS > STALLED_NEAR_S && aheadS > behindS;
  }
}
