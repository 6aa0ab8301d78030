/** index.m3u8 of a tail: which renditions there are for whoever asks (RFC 8216bis 4.4.6). */
import type { TailVariant } from "../../contract/tail.ts";

/** What a player begins with, bits a second over a while: about 2 Mb/s (Apple's authoring specification 1.32). */
const START_BPS = 2_500_000;

/** The multivariant playlist of these variants. */
export function renderMaster(variants: readonly TailVariant[]): string {
  let text = "#EXTM3U\n#EXT-X-VERSION:6\n";
  if (variants.every(({ independent }) => independent)) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const variant of inOrder(variants)) {
    text += `#EXT-X-STREAM-INF:${attributesOf(variant).join(",")}\n${variant.uri}\n`;
  }
  return text;
}

/** First what players begin with, then from the highest on. What cannot be played now is not listed. */
function inOrder(all: readonly TailVariant[]): TailVariant[] {
  const living = all.filter(({ gap }) => !gap);
  const variants = [...(living.length > 0 ? living : all)];
  variants.sort((left, right) => right.averageBandwidth - left.averageBandwidth);
  const first = variants.find(({ averageBandwidth }) => averageBandwidth <= START_BPS);
  const begins = first ?? variants.at(-1)!;
  return [begins, ...variants.filter((variant) => variant !== begins)];
}

function attributesOf(variant: TailVariant): string[] {
  const { bandwidth, averageBandwidth, codecs, size, pictureRate } = variant;
  const attributes = [
    `BANDWIDTH=${bandwidth}`,
    `AVERAGE-BANDWIDTH=${averageBandwidth}`,
    `CODECS="${codecs}"`,
  ];
  if (size === null) return attributes;
  attributes.push(`RESOLUTION=${size.width}x${size.height}`);
  if (pictureRate !== null) attributes.push(`FRAME-RATE=${pictureRate.toFixed(3)}`);
  return [...attributes, "CLOSED-CAPTIONS=NONE"];
}
