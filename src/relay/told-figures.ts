import { Header, LAYER_SIZES, type RingViews } from "../ring/layout.ts";
import { ToldLayers } from "../ring/told-layers.ts";
import type { RingFigures } from "../wire/cascade/ring.ts";

/** They are told each 200 ms: so late some have got lost. */
const LATE_US = 350_000;
/** A full link may lose all of them for seconds: they leave last of what leaves at once. */
const KEPT_US = 5_000_000;

/** What a parent tells of a ring's layers, for readers to choose by, flows it here or not. */
export class ToldFigures {
  /** Bits a second as its publisher sends it. */
  rate = 0;
  ignoresPli = false;
  readonly #layers = new ToldLayers();
  /** When they were told last, and until when they hold. */
  #toldAt = Number.NEGATIVE_INFINITY;
  #heldUntil = 0;

  /** `seen`: readers here are to count on it. */
  take(figures: RingFigures, views: RingViews, seen: boolean, now: number): void {
    this.#toldAt = now;
    this.#heldUntil = now;
    this.#layers.keyframes = figures.hasKeyframe;
    this.#layers.bitrates.fill(0);
    this.#layers.seenUs.fill(0);
    this.rate = Math.max(0, ...figures.points.map(({ bitrate }) => bitrate));
    for (const { point, bitrate, ageUs } of figures.points) {
      this.#layers.bitrates[point] = bitrate;
      // What is withheld was not seen by anybody below.
      if (seen) this.#layers.seenUs[point] = Math.max(1, now - ageUs);
    }
    this.#layers.store(views);
    for (const [spatial, size] of figures.sizes.entries()) {
      views.words[LAYER_SIZES + spatial] = size;
    }
    views.words[Header.size] = figures.size;
    this.ignoresPli = figures.ignoresPli;
  }

  /**
   * Whoever tells them is heard otherwise: what was told holds until something else is, for a while. That a
   * full link loses the words about a layer is no reason for readers to do without it.
   */
  keep(views: RingViews, now: number): void {
    if (now - this.#heldUntil < LATE_US || now - this.#toldAt > KEPT_US) return;
    const { seenUs } = this.#layers;
    for (let point = 0; point < seenUs.length; point += 1) {
      if (seenUs[point]! > 0) seenUs[point] = seenUs[point]! + now - this.#heldUntil;
    }
    this.#heldUntil = now;
    this.#layers.store(views);
  }
}
