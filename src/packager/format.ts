/** What a decoder has to know before the first sample of a track. */
import { sameBytes } from "../wire/bytes.ts";

export interface VideoFormat {
  readonly codec: "h264" | "h265" | "vp9" | "av1";
  /** As playlists and browsers name it (RFC 6381): avc1.PPCCLL. */
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  /** Content of the box that configures the decoder: avcC, hvcC, vpcC, av1C. */
  readonly config: Uint8Array;
}

export interface AudioFormat {
  readonly codec: "opus";
  readonly channels: 1 | 2;
}

/** `next`, or the present format where that tells a decoder the same. */
export function keptFormat(present: VideoFormat | null, next: VideoFormat): VideoFormat {
  if (present === null || !sameBytes(present.config, next.config)) return next;
  const { codecs, width, height } = present;
  const same = codecs === next.codecs && width === next.width && height === next.height;
  return same ? present : next;
}
