import type { AudioFormat, VideoFormat } from "./format.ts";

/** One rendition as index.m3u8 tells of it. */
export interface Variant {
  readonly uri: string;
  /** Bits a second: of its heaviest segment, and over a while. */
  readonly bandwidth: number;
  readonly averageBandwidth: number;
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
  /** Pictures a second; null where there are none, or it is not known yet. */
  readonly pictureRate: number | null;
}

/**
 * The multivariant playlist; the first variant is what a player begins with. `independent`: every
 * segment of all so far begins with a keyframe.
 */
export function renderMaster(variants: readonly Variant[], independent: boolean): string {
  let text = "#EXTM3U\n#EXT-X-VERSION:6\n";
  if (independent) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const variant of variants) {
    text += `#EXT-X-STREAM-INF:${attributesOf(variant).join(",")}\n${variant.uri}\n`;
  }
  return text;
}

function attributesOf(variant: Variant): string[] {
  const { bandwidth, averageBandwidth, video, audio, pictureRate } = variant;
  const attributes = [
    `BANDWIDTH=${bandwidth}`,
    `AVERAGE-BANDWIDTH=${averageBandwidth}`,
    `CODECS="${[video?.codecs, audio?.codec].filter((codec) => codec !== undefined).join(",")}"`,
  ];
  if (video === null) return attributes;
  attributes.push(`RESOLUTION=${video.width}x${video.height}`);
  if (pictureRate !== null) attributes.push(`FRAME-RATE=${pictureRate.toFixed(3)}`);
  return [...attributes, "CLOSED-CAPTIONS=NONE"];
}
