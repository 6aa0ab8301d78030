/**
 * Keeps a tail near its live edge. hls.js lets itself fall behind: each stall adds to what it aims at,
 * for ever (hls.js #6350), and what a sleeping tab or a starved start lost stays lost. Pure.
 */
export interface TailLook {
  readonly nowMs: number;
  /** Behind the live edge, in seconds. */
  readonly latencyS: number;
  /** What hls.js aims at now, and what the playlist asks for. */
  readonly targetS: number;
  readonly holdBackS: number;
  /** The page is visible and playback is not paused. */
  readonly isWatched: boolean;
}

const BEHIND_S_MAX = 10;
/** Closer than this to its aim, playing a little faster is enough. */
const NEAR_S = 2;
const STABLE_MS = 30_000;
/** Between two looks, or out of sight for so long. */
const SLEPT_MS = 5_000;
/** Time to fill the buffer at the new place. */
const SETTLE_MS = 4_000;

export class TailKeeper {
  #stalledAt = Number.NEGATIVE_INFINITY;
  #watchedAt: number | null = null;
  #movedAt: number | null = null;
  /** Until it was near its edge, or has gone there: at first, for a start may have been starved. */
  #slept = true;

  stalled(nowMs: number): void {
    this.#stalledAt = nowMs;
  }

  /** Whether to go to the live edge, and whether to aim at what the playlist asks for again. */
  look(look: TailLook): { readonly toEdge: boolean; readonly resetAim: boolean } {
    const { nowMs, latencyS, targetS, holdBackS } = look;
    if (!look.isWatched) return { toEdge: false, resetAim: false };
    if (nowMs - (this.#watchedAt ?? nowMs) > SLEPT_MS) this.#slept = true;
    this.#watchedAt = nowMs;
    this.#movedAt ??= nowMs;
    const resetAim = targetS > holdBackS && nowMs - this.#stalledAt > STABLE_MS;
    const limitS = this.#slept ? targetS + NEAR_S : Math.max(BEHIND_S_MAX, targetS + NEAR_S);
    const toEdge = latencyS > limitS && nowMs - this.#movedAt > SETTLE_MS;
    if (toEdge) this.#movedAt = nowMs;
    if (toEdge || latencyS < targetS + NEAR_S) this.#slept = false;
    return { toEdge, resetAim };
  }
}
