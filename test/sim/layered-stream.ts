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

/**
 * Which layers of one picture an encoder short of bits leaves out, by how its codec describes them:
 * libaom any of the upper ones, libvpx the topmost only (each refers to the one below).
 */
export function leftOut(style: string, random: () => number): (spatialId: number) => boolean {
  if (random() > 0.2) return () => false;
  const from = 1 + Math.floor(random() * 3);
  if (style === "vp9-flexible") return (spatialId) => spatialId >= from;
  return style === "av1-descriptor" ? () => random() < 0.5 : () => false;
}

export class LayeredStream {
  #id = 0;
  #picture = 0;
  #place = 0;
  /** Id of the first frame of the present cycle of temporal layers. */
  #cycleStart = 0;
  /** By spatial layer and temporal layer: id of its newest frame. */
  #newest: number[][] = [];

  constructor(
    readonly mode: Mode,
    readonly codec: CodecName,
  ) {}

  /**
   * The frames of the next picture, lowest layer first. `leavesOut`: spatial layers that an encoder
   * short of bits makes no frame of; never the lowest, and none of a keyframe.
   */
  next(keyframe: boolean, leavesOut: (spatialId: number) => boolean = () => false): Frame[] {
    const { spatialLayers, temporalLayers, interLayer } = this.mode;
    const cycle = CYCLES[temporalLayers]!;
    if (keyframe || this.#picture === 0) {
      this.#place = 0;
      this.#newest = Array.from({ length: spatialLayers }, () => []);
    }
    const key = this.#newest[0]!.length === 0;
    const temporalId = cycle[this.#place % cycle.length]!;
    const place = this.#place % cycle.length;
    if (place === 0) this.#cycleStart = this.#id + 1;
    const present = Array.from({ length: spatialLayers }, (_, layer) => layer).filter(
      (layer) => layer === 0 || key || !leavesOut(layer),
    );
    const frames: Frame[] = [];
    for (const spatialId of present) {
      this.#id += 1;
      const below = spatialId > 0 && (key || interLayer === "full");
      const references = key ? [] : [this.#previous(spatialId, temporalId, place)];
      if (below) references.push(frames.at(-1)!.id);
      frames.push({
        id: this.#id,
        picture: this.#picture,
        ...{ spatialId, temporalId, keyframe: key, references },
        interLayer: below,
        last: spatialId === present.at(-1),
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
    // Second half of a cycle of three layers: the top refers to the middle layer, if there is one.
    const middle = newest[1] ?? 0;
    return temporalId === 2 && place === 3 && middle >= this.#cycleStart ? middle : newest[0]!;
  }
}
