import { Codec, type CodecId } from "../../wire/codecs.ts";
import type { Assembly } from "./assembly.ts";
import { Av1Assembly } from "./av1.ts";
import { h264Assembly } from "./h264.ts";
import { h265Assembly } from "./h265.ts";
import { VideoFrames } from "./video-frames.ts";
import { Vp9Assembly } from "./vp9.ts";

type Cached = () => Uint8Array | null;

/** The codecs of pictures that a file of the tail can have. */
const ASSEMBLIES: Partial<Record<CodecId, (cached: Cached) => Assembly>> = {
  [Codec.h264]: h264Assembly,
  [Codec.h265]: h265Assembly,
  [Codec.vp9]: () => new Vp9Assembly(),
  [Codec.av1]: () => new Av1Assembly(),
};

/** Frames of one encoder of a codec that files can have; `cached`: the parameter sets that the ring has, as one RTP payload. */
export function framesOf(codec: CodecId, cached: Cached): VideoFrames {
  return new VideoFrames(ASSEMBLIES[codec]!(cached));
}
