import type { Feed } from "../feed/feed.ts";
import { KEYFRAMES_UNKNOWN_MS } from "../ring/layout.ts";
import type { PictureTrack } from "./picture-track.ts";

/** A group of pictures that lasts longer has to be cut anyway; now a tail can still begin with it. */
const HELD_MAX_US = 8_500_000;
/** One that is older before anybody has asked is not waited for: there is time for three requests. */
const FIRST_AGE_MAX_US = 5_500_000;
/** Keyframes are asked for so far apart. */
const ASK_US = 1_000_000;

/**
 * The time before a tail in which it is found whether the publisher makes keyframes on request, or else
 * how far apart they are: all segments have to fit. Nothing is read, and then from where it began.
 */
export class Onset {
  readonly #open: (feed: Feed) => PictureTrack;
  /** Those that have a keyframe to begin with. */
  readonly #tracks = new Map<Feed, PictureTrack>();
  #until = Number.POSITIVE_INFINITY;
  #askAt = Number.NEGATIVE_INFINITY;

  constructor(open: (feed: Feed) => PictureTrack) {
    this.#open = open;
  }

  /** Whether nothing begins yet of these layers, all that send now. */
  holds(layers: readonly Feed[], now: number): boolean {
    if (!layers.some(isUnknown)) return false;
    this.#until = Math.min(this.#until, now + HELD_MAX_US);
    for (const feed of layers) this.#mark(feed, now);
    if (now >= this.#until) return false;
    if (now >= this.#askAt) {
      this.#askAt = now + ASK_US;
      // All in one turn: encoders give theirs together.
      for (const { reader } of layers) reader.requestKeyframe("segment");
    }
    return true;
  }

  /** A layer is read now. */
  take(feed: Feed): PictureTrack {
    const track = this.#tracks.get(feed);
    this.#tracks.delete(feed);
    return track === undefined || track.isPast ? this.#open(feed) : track;
  }

  #mark(feed: Feed, now: number): void {
    if (this.#tracks.get(feed)?.isPast === false) return;
    const track = this.#open(feed);
    const arrivalUs = track.mark(now, FIRST_AGE_MAX_US);
    if (arrivalUs === null) return;
    this.#tracks.set(feed, track);
    this.#until = Math.min(this.#until, arrivalUs + HELD_MAX_US);
  }
}

/** It is known neither that the encoder answers nor how far apart its keyframes are without that. */
function isUnknown({ reader }: Feed): boolean {
  return reader.keyframeIntervalUs === KEYFRAMES_UNKNOWN_MS * 1000;
}
