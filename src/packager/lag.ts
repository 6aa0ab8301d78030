/** A frame may be late by this beyond its track's lag; then it is missing. */
export const LATE_US = 250_000;
/** More is an interruption and no delay. */
const LAG_MAX_US = 3_000_000;
/** About how many frames it takes to follow a delay that grew. */
const FRAMES = 64;

/** How late even the promptest frames of a track come, after their capture. */
export class Lag {
  us = 0;
  #started = false;

  /** A frame came so late. */
  note(lateUs: number): void {
    const late = Math.max(0, Math.min(LAG_MAX_US, lateUs));
    this.us = this.#started ? Math.min(late, this.us + (late - this.us) / FRAMES) : late;
    this.#started = true;
  }
}
