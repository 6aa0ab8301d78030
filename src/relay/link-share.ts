import type { Link } from "../cascade/link.ts";
import type { Following } from "../feed/following.ts";
import { AUDIO_BITS_ASSUMED, VIEWER_BITS_ASSUMED } from "../limits.ts";
import type { Offers } from "./offers.ts";
import { ringRate } from "./ring-rate.ts";

/**
 * What one link carries to the node at its other end, of what it may. A stream counts with all of its
 * layers, whichever flow: its viewers there may want others at any time, and then they are sent.
 */
export class LinkShare {
  readonly #most: number;
  readonly #offers: Offers;

  /** Bits a second; without a limit where none is given. */
  constructor(most: number | null | undefined, offers: Offers) {
    this.#most = most ?? Number.POSITIVE_INFINITY;
    this.#offers = offers;
  }

  /** Whether this stream has room beside what flows; null: one that is not here yet. */
  fits(link: Link, stream: number | null, now: number): boolean {
    if (this.#most === Number.POSITIVE_INFINITY) return true;
    const following = stream === null ? null : this.#offers.follow(stream, now);
    following?.table.update(now);
    let sum = following === null ? VIEWER_BITS_ASSUMED : bitrateOf(following);
    for (const each of this.#offers.flowing(link)) sum += bitrateOf(each);
    return sum <= this.#most;
  }
}

/** Of all rings of a stream, as last measured here or told; as most have it before that is known. */
function bitrateOf(following: Following): number {
  const { audio, video } = following;
  let sum = 0;
  for (let ring = 0; ring < video.length; ring += 1) sum += ringRate(following, ring);
  if (sum === 0 && video.length > 0) return VIEWER_BITS_ASSUMED;
  return audio === null ? sum : sum + AUDIO_BITS_ASSUMED;
}
