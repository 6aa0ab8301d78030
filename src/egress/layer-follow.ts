import type { RingReader } from "../ring/reader.ts";

/** A layer from which nothing has come for this long is paused or dead. */
const SILENT_US = 1_000_000;
/** A larger layer must have lived this long before viewers go up to it: browsers drop the top layer
 * under load and try it again. */
const STEADY_US = 3_000_000;

/** Viewers change layers at a keyframe not older than this, so that their time line goes on. */
export const SWITCH_KEYFRAME_AGE_US = 100_000;
/** A layer that viewers are to go up to is asked for a keyframe this often. */
const ASK_US = 2_000_000;

/** What is looked at of a layer's ring. */
export type LayerRing = Pick<
  RingReader,
  "lastArrivalUs" | "pictureSize" | "keyframe" | "keyframeArrivalUs" | "requestKeyframe"
>;

/**
 * Which simulcast layer of a stream its viewers get: the largest picture that is alive. Offers list
 * layers in any order, a small source never starts its large ones, and browsers pause the top one.
 */
export class LayerFollow {
  /** Index of the chosen layer. */
  current = 0;
  private readonly aliveSince: Float64Array;
  private askedAt = Number.NEGATIVE_INFINITY;

  constructor(layers: number) {
    this.aliveSince = new Float64Array(layers).fill(Number.POSITIVE_INFINITY);
  }

  /** Looks at the layers' rings; true when the choice has changed. */
  choose(rings: readonly LayerRing[], now: number): boolean {
    for (let i = 0; i < rings.length; i += 1) {
      const alive = now - rings[i]!.lastArrivalUs <= SILENT_US && rings[i]!.keyframe() !== null;
      if (!alive) this.aliveSince[i] = Number.POSITIVE_INFINITY;
      else if (this.aliveSince[i] === Number.POSITIVE_INFINITY) this.aliveSince[i] = now;
    }
    const dead = this.aliveSince[this.current] === Number.POSITIVE_INFINITY;
    let best = this.current;
    for (let i = 0; i < rings.length; i += 1) {
      const steady = now - this.aliveSince[i]! >= (dead ? 0 : STEADY_US);
      if (!steady) continue;
      const replacesDead = dead && best === this.current;
      if (replacesDead || rings[i]!.pictureSize > rings[best]!.pictureSize) best = i;
    }
    if (best === this.current) return false;
    if (!dead && now - rings[best]!.keyframeArrivalUs > SWITCH_KEYFRAME_AGE_US) {
      // The old layer flows on until the new one has a place to begin.
      if (now - this.askedAt >= ASK_US) {
        this.askedAt = now;
        rings[best]!.requestKeyframe("join");
      }
      return false;
    }
    this.current = best;
    return true;
  }
}
