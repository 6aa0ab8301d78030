import type { Link } from "../cascade/link.ts";

/** Looked at so often. */
export const LOOK_US = 200_000;
/** Packets are counted of the last second. */
const WINDOW_LOOKS = 5;
/** What is missing for so long was asked for more than once. */
export const OPEN_US = 400_000;
/** So many, and so large a share: loss by chance is made up for by then. */
const OPEN_MIN = 3;
const OPEN_SHARE = 0.01;
/** No other way is so much longer: what is, stands in a queue. */
const LATER_MAX_US = 300_000;
/** Where loss comes by chance nothing waits: of two links that lose and have a queue each is in the other's way. */
const QUEUED_US = 25_000;

/**
 * Whether links carry what they are to of one stream. Where loss comes by chance what is lost comes
 * when it is asked for; where a link is full that is lost as well.
 */
export class Strain {
  readonly #come: number[] = [];

  /**
   * `links`: of those that give it, who does so longest first; `come`: packets so far; `open`: those that
   * are missing for `OPEN_US`.
   */
  look(links: readonly Link[], come: number, open: number): boolean {
    this.#come.push(come);
    if (this.#come.length > WINDOW_LOOKS + 1) this.#come.shift();
    const queueUs = Math.min(...links.map(({ time }) => time.newestUs - time.roundTripUs));
    // What a second gives stands in one line with what the first does, behind that, and is lost first.
    if (links.length > 1 && queueUs > QUEUED_US && links.at(-1)!.gray.isGray) return true;
    if (links.length === 0 || !links.every(({ gray }) => gray.isGray)) return false;
    if (queueUs > LATER_MAX_US) return true;
    return open >= OPEN_MIN && open > (come - this.#come[0]!) * OPEN_SHARE;
  }
}
