/** What hls.js and the video element tell of a tail that plays. */
import type Hls from "hls.js";
import type { FigureLine } from "./figures.ts";
import { formatBitrate, formatCount, formatSeconds } from "./format.ts";
import type { StartLook } from "./tailstart.ts";

/** What the tail itself knows. */
interface Told {
  readonly latencyMs: number | null;
  /** Label of the one that flows. */
  readonly layer: string;
  readonly bitrate: number | null;
  readonly stalls: number;
}

export interface TailFigures extends Told {
  readonly width: number;
  readonly height: number;
  /** What is loaded ahead of the picture. */
  readonly bufferMs: number;
  readonly framesDropped: number;
}

export function tailFigures(told: Told, hls: Hls | null, video: HTMLVideoElement): TailFigures {
  return {
    ...told,
    width: video.videoWidth,
    height: video.videoHeight,
    bufferMs: (hls?.mainForwardBufferInfo?.len ?? 0) * 1_000,
    framesDropped: video.getVideoPlaybackQuality().droppedVideoFrames,
  };
}

/** What a viewer of the tail sees. */
export function tailLines(figures: TailFigures): FigureLine[] {
  const { latencyMs, layer, bitrate, stalls, width, height, bufferMs, framesDropped } = figures;
  const lines = [
    ["Latency", formatSeconds(latencyMs), "From capture to screen, by the server's clock."],
    ["Bitrate", formatBitrate(bitrate), "Of the variant, as the playlist tells it."],
    ["Layer", layer === "" ? "–" : layer, "Of the stream's layers, the one that comes now."],
    ["Resolution", width > 0 ? `${width} × ${height}` : "–", "Size of the decoded picture."],
    ["Buffer", formatSeconds(bufferMs), "Loaded ahead of the picture."],
    ["Stalls", formatCount(stalls), "Times the buffer ran out."],
    ["Frames dropped", formatCount(framesDropped), "Decoded or not, never shown."],
  ] as const;
  return lines.map(([label, value, hint]) => ({ label, value, hint }));
}

/** Where playback stands, and what is in hand. */
export function startLookOf(hls: Hls | null, video: HTMLVideoElement, nowMs: number): StartLook {
  const { currentTime, buffered } = video;
  const last = buffered.length - 1;
  // What comes before a hole is passed over.
  const timeS = last < 0 ? currentTime : Math.max(currentTime, buffered.start(last));
  const aheadS = last < 0 ? 0 : buffered.end(last) - timeS;
  const { partTarget: partS = 0, partHoldBack: holdBackS = 0 } = hls?.latestLevelDetails ?? {};
  return { nowMs, timeS, aheadS, partS, holdBackS };
}
