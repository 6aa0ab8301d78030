import type { CodecName } from "./codecs.ts";

/** The codecs of pictures that files of MP4 have for browsers: these have none of VP8. */
const CARRIED: ReadonlySet<CodecName> = new Set<CodecName>(["h264", "h265", "vp9", "av1"]);

/**
 * Why pictures of these codecs, those of all layers, make no files, as the end of a sentence; null
 * where they do.
 */
export function whyNoFiles(codecs: ReadonlySet<CodecName>): string | null {
  for (const codec of codecs) {
    if (!CARRIED.has(codec)) return `its video is ${codec.toUpperCase()}`;
  }
  return codecs.size > 1 ? "its layers are of several codecs" : null;
}
