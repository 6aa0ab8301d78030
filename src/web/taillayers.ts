/** The levels of hls.js as layers of a stream, as the quality menu wants them. */
import type Hls from "hls.js";
import type { Layer } from "./layers.ts";

/** Highest first. */
export function tailLayers(
  { levels, loadLevel, currentLevel }: Pick<Hls, "levels" | "loadLevel" | "currentLevel">,
  video: Pick<HTMLVideoElement, "videoWidth" | "videoHeight">,
): Layer[] {
  const layers = levels.map((level, index) => {
    // What index.m3u8 told of its size was so when the tail began.
    const isShown = index === currentLevel && video.videoWidth > 0;
    const { videoWidth, videoHeight } = video;
    return {
      mediaId: "tail",
      // They are sorted by bit rate; their place is their name.
      rid: String(index),
      spatialLayerId: null,
      temporalLayerId: null,
      bitrate: level.bitrate,
      width: (isShown ? videoWidth : level.width) || null,
      height: (isShown ? videoHeight : level.height) || null,
      current: index === loadLevel,
    };
  });
  return layers.reverse();
}
