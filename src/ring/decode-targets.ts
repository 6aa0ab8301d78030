import { Loaded, records } from "./guarded-record.ts";
import { type RingViews, TargetsRecord } from "./layout.ts";

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
  const { bytes } = records.targets;
  bytes[TargetsRecord.version] = version;
  bytes[TargetsRecord.count] = count;
  for (let i = 0; i < count; i += 1) bytes[TargetsRecord.points + i] = points[i]!;
  records.targets.store(views.words, TargetsRecord.points + count);
}

/** A reader's copy of a ring's decode targets. */
export class DecodeTargets {
  /** Modulo 256; -1 before the first. */
  version = -1;
  count = 0;
  readonly #points = new Uint8Array(32);

  /** Copies what the writer published last; false when there is nothing or it is being written. */
  load(views: RingViews): boolean {
    if (records.targets.load(views.words) !== Loaded.ok) return false;
    const { bytes } = records.targets;
    this.version = bytes[TargetsRecord.version]!;
    this.count = bytes[TargetsRecord.count]!;
    for (let i = 0; i < this.count; i += 1) this.#points[i] = bytes[TargetsRecord.points + i]!;
    return true;
  }

  /** A copy of the layer point of each. */
  points(): Uint8Array {
    return this.#points.slice(0, this.count);
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
