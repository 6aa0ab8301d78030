/** What is published while a machine is measured. */
import type { SourcePlan } from "../load/options.ts";

export interface BenchLoad {
  /** Bits a second of the picture. */
  readonly bitrate: number;
  /** The packets of a frame leave over so long, ms; 0: at once. */
  readonly spreadMs: number;
}

/** Frames a second. */
export const FPS = 30;
/** From keyframe to keyframe. */
export const GOP_SECONDS = 2;

/** As `spillway load` sends by its defaults, but for these two, and as the floor sends. */
export function sourceOf({ bitrate, spreadMs }: BenchLoad): SourcePlan {
  return {
    audio: true,
    video: true,
    bitrate,
    fps: FPS,
    spreadUs: spreadMs * 1000,
    packetBytes: 1100,
    gopSeconds: GOP_SECONDS,
    keyframeRatio: 4,
    layers: 1,
  };
}
