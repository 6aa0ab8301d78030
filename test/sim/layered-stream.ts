/**
 * Layered streams made frame by frame from patterns of references, independent of how the product
 * describes them: the truth that the decodability model judges by.
 */
import type { CodecName } from "../../src/wire/codecs.ts";

/** One encoded frame of one spatial layer. */
export interface Frame {
  /** Counts frames of the stream in the order of decoding, from 1. */
  readonly id: number;
  readonly picture: number;
  readonly spatialId: number;
  readonly temporalId: number;
  readonly keyframe: boolean;
  /** Ids of the frames it is predicted from. */
  readonly references: readonly number[];
  /** Predicted from the layer below in the same picture. */
  readonly interLayer: boolean;
  /** The last of its picture. */
  readonly last: boolean;
  /** An upper layer of this or a later picture refers to it. */
  readonly referencedAbove: boolean;
}

export interface Mode {
  readonly name: string;
  readonly spatialLayers: number;
  readonly temporalLayers: number;
  /** "full": upper layers refer to lower ones always; "key": in keyframes only. */
  readonly interLayer: "full" | "key";
}

export const MODES: readonly Mode[] = ["L1T1", "L1T2", "L1T3", "L2T1", "L2T2", "L2T3", "L3T1"]
  .concat(["L3T2", "L3T3", "L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY"])
  .map((name) => ({
    name,
    spatialLayers: Number(name[1]),
    temporalLayers: Number(name[3]),
    interLayer: name.endsWith("KEY") ? "key" : "full",
  }));

/** Temporal layers by place in the cycle (W3C webrtc-svc, dependency diagrams). */
const CYCLES: Readonly<Record<number, readonly number[]>> = { 1: [0], 2: [0, 1], 3: [0, 2, 1, 2] };

export class LayeredStream {
  #id = 0;
  #picture = 0;
  #place = 0;
  /** By spatial layer and temporal layer: id of its newest frame. */
  #newest: number[][] = [];

  constructor(
    readonly mode: Mode,
    readonly codec: CodecName,
  ) {}

  /** The frames of the next picture, lowest layer first. */
  next(keyframe: boolean): Frame[] {
    const { spatialLayers, temporalLayers, interLayer } = this.mode;
    const cycle = CYCLES[temporalLayers]!;
    if (keyframe || this.#picture === 0) {
      this.#place = 0;
      this.#newest = Array.from({ length: spatialLayers }, () => []);
    }
    const key = this.#newest[0]!.length === 0;
    const temporalId = cycle[this.#place % cycle.length]!;
    const place = this.#place % cycle.length;
    const frames: Frame[] = [];
    for (let spatialId = 0; spatialId < spatialLayers; spatialId += 1) {
      this.#id += 1;
      const below = spatialId > 0 && (key || interLayer === "full");
      const references = key ? [] : [this.#previous(spatialId, temporalId, place)];
      if (below) references.push(frames[spatialId - 1]!.id);
      frames.push({
        id: this.#id,
        picture: this.#picture,
        ...{ spatialId, temporalId, keyframe: key, references },
        interLayer: below,
        last: spatialId === spatialLayers - 1,
        referencedAbove: spatialId < spatialLayers - 1 && (key || interLayer === "full"),
      });
    }
    for (const frame of frames) this.#newest[frame.spatialId]![temporalId] = frame.id;
    // A keyframe stands for all temporal layers of the first cycle.
    this.#picture += 1;
    this.#place += 1;
    return frames;
  }

  /** The frame of the same spatial layer that a picture at this place of the cycle refers to. */
  #previous(spatialId: number, temporalId: number, place: number): number {
    const newest = this.#newest[spatialId]!;
    // Second half of a cycle of three layers: the top refers to the middle layer.
    if (temporalId === 2 && place === 3) return newest[1]!;
    return newest[0]!;
  }
}
