/** The codecs that are forwarded. The number is stored in ring slots: only append to this list. */
export const CODEC_NAMES = ["none", "opus", "h264", "h265", "vp8", "vp9", "av1"] as const;
export type CodecName = Exclude<(typeof CODEC_NAMES)[number], "none">;

export const Codec = { none: 0, opus: 1, h264: 2, h265: 3, vp8: 4, vp9: 5, av1: 6 } as const;
export type CodecId = (typeof Codec)[keyof typeof Codec];

export type MediaKind = "audio" | "video";

/** Audio or video, by codec. */
export function kindOf(codec: CodecName): MediaKind {
  return codec === "opus" ? "audio" : "video";
}
