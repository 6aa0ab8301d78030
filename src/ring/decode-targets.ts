import { Header, RingText, type RingViews } from "./layout.ts";

const GUARD_TRIES = 8;

/**
 * Publishes the layer points (spatialId * 8 + temporalId) of the stream's decode targets. A slot
 * names the version that its dependency descriptor belongs to.
 */
export function storeDecodeTargets(
  views: RingViews,
  version: number,
  points: Uint8Array,
  count: number,
): void {
  const { words, bytes } = views;
  const guard = words[Header.targetsGuard]!;
  Atomics.store(words, Header.targetsGuard, guard + 1);
  bytes[RingText.targetsOffset] = version;
  bytes[RingText.targetsOffset + 1] = count;
  for (let i = 0; i < count; i += 1) bytes[RingText.targetsOffset + 2 + i] = points[i]!;
  Atomics.store(words, Header.targetsGuard, guard + 2);
}

/** A reader's copy of a ring's decode targets. */
export class DecodeTargets {
  /** Modulo 256; -1 before the first. */
  version = -1;
  count = 0;
  readonly #points = new Uint8Array(32);

  /** Copies what the writer published last; false when there is nothing or it is being written. */
  load(views: RingViews): boolean {
    const { words, bytes } = views;
    for (let i = 0; i < GUARD_TRIES; i += 1) {
      const guard = Atomics.load(words, Header.targetsGuard);
      if (guard === 0) return false;
      this.version = bytes[RingText.targetsOffset]!;
      this.count = Math.min(this.#points.length, bytes[RingText.targetsOffset + 1]!);
      for (let t = 0; t < this.count; t += 1) {
        this.#points[t] = bytes[RingText.targetsOffset + 2 + t]!;
      }
      if ((guard & 1) === 0 && Atomics.load(words, Header.targetsGuard) === guard) return true;
    }
    this.version = -1;
    return false;
  }

  /** The decode targets at or below a layer point that the publisher sends, one bit each. */
  within(spatialId: number, temporalId: number, activePoints: number): number {
    let mask = 0;
    for (let i = 0; i < this.count; i += 1) {
      const point = this.#points[i]!;
      if (point >> 3 > spatialId || (point & 7) > temporalId) continue;
      if (((activePoints >>> point) & 1) === 1) mask |= 1 << i;
    }
    return mask >>> 0;
  }
}
