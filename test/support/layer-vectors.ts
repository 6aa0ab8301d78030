/** Chromium's layers as recorded by test/support/record-layers.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "./hex.ts";

const FOLDER = join(import.meta.dir, "..", "vectors", "layers");

export const LAYER_VECTORS = [
  "av1-l1t3",
  "av1-l3t3",
  "av1-l3t3-key",
  "vp8-l1t3",
  "vp9-l1t3",
  "vp9-l3t3",
  "vp9-l3t3-key",
] as const;

export interface VectorPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly descriptor: Uint8Array;
  /** The first bytes of the payload. */
  readonly head: Uint8Array;
}

/** What the encoder's own metadata says of a frame. */
export interface VectorFrame {
  readonly frameId: number;
  readonly dependencies: readonly number[];
  readonly spatialIndex: number;
  readonly temporalIndex: number;
  readonly rtpTimestamp: number;
  readonly width: number;
  readonly height: number;
  readonly key: boolean;
}

export interface LayerVector {
  readonly codec: string;
  readonly mode: string;
  readonly packets: readonly VectorPacket[];
  /** By frame id. */
  readonly frames: ReadonlyMap<number, VectorFrame>;
}

interface Recorded {
  readonly codec: string;
  readonly mode: string;
  readonly packets: readonly (Omit<VectorPacket, "descriptor" | "head"> & {
    readonly descriptor: string;
    readonly head: string;
  })[];
  readonly frames: readonly VectorFrame[];
}

export function layerVector(name: string): LayerVector {
  const recorded = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Recorded;
  const packets = recorded.packets.map((packet) => ({
    ...packet,
    descriptor: fromHex(packet.descriptor),
    head: fromHex(packet.head),
  }));
  const frames = new Map(recorded.frames.map((frame) => [frame.frameId, frame]));
  return { codec: recorded.codec, mode: recorded.mode, packets, frames };
}
