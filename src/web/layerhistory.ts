/** Bitrate and layer of the last minute, as a chart wants them. Pure. */
import type { Layer } from "./layers.ts";
import { axisLabel, keyOf } from "./layers.ts";

interface Sample {
  readonly seconds: number;
  readonly bitrate: number | null;
  readonly key: string | null;
}

export class LayerHistory {
  readonly #spanSeconds: number;
  readonly #samples: Sample[] = [];
  #rows: readonly string[] = [];
  #keys: readonly string[] = [];

  constructor(spanSeconds: number) {
    this.#spanSeconds = spanSeconds;
  }

  /** Adds what a look at `seconds` showed; the times must rise. */
  add(seconds: number, bitrate: number | null, layers: readonly Layer[]): void {
    const current = layers.find((layer) => layer.current);
    this.#samples.push({ seconds, bitrate, key: current ? keyOf(current) : null });
    while ((this.#samples[0]?.seconds ?? seconds) < seconds - this.#spanSeconds) {
      this.#samples.shift();
    }
    if (layers.length === 0) return;
    const upwards = layers.toReversed();
    this.#keys = upwards.map(keyOf);
    this.#rows = upwards.map((layer) => axisLabel(layer, layers));
  }

  /** Names of the layers of the newest look that had any, lowest first. */
  get rows(): readonly string[] {
    return this.#rows;
  }

  get times(): number[] {
    return this.#samples.map((sample) => sample.seconds);
  }

  get bitrates(): (number | null)[] {
    return this.#samples.map((sample) => sample.bitrate);
  }

  /** Index into `rows` at each time; null where nothing flowed, or what is no longer there. */
  get levels(): (number | null)[] {
    return this.#samples.map(({ key }) => {
      const level = key === null ? -1 : this.#keys.indexOf(key);
      return level < 0 ? null : level;
    });
  }
}
