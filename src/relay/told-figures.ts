import { Header, LAYER_SIZES, type RingViews } from "../ring/layout.ts";
import { ToldLayers } from "../ring/told-layers.ts";
import type { RingFigures } from "../wire/cascade/ring.ts";

/** What a parent tells of a ring's layers, for readers to choose by, flows it here or not. */
export class ToldFigures {
  /** Bits a second as its publisher sends it. */
  rate = 0;
  ignoresPli = false;
  readonly #layers = new ToldLayers();

  /** `seen`: readers here are to count on it. */
  take(figures: RingFigures, views: RingViews, seen: boolean, now: number): void {
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
}
