/** The levels of hls.js as layers of a stream, as the quality menu wants them. */
import type Hls from "hls.js";
import type { Layer } from "./layers.ts";

/** Highest first. */
export function tailLayers(
  { levels, loadLevel, currentLevel }: Pick<Hls, "levels" | "loadLevel" | "currentLevel">,
  video: { readonly videoWidth: number; readonly videoHeight: number },
): Layer[] {
  const { videoWidth, videoHeight } = video;
  // The picture of the level before stays for a moment.
  const isOther = levels.some(({ width, height }, index) => {
    return index !== currentLevel && width === videoWidth && height === videoHeight;
  });
  const layers = levels.map((level, index) => {
    // What index.m3u8 told of its size was so when the tail began.
    const isShown = index === currentLevel && videoWidth > 0 && !isOther;
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
