/** What a media file is made of, as the sender and the reader's thread both know it. */
import type { CodecName, MediaKind } from "../wire/codecs.ts";

/** One encoded frame: what an RTP packetizer takes. H.264 and H.265 units have 4-byte lengths. */
export interface MediaFrame {
  readonly kind: MediaKind;
  /** Microseconds since the start of the first pass; rises within a track, from pass to pass. */
  readonly timeUs: number;
  readonly data: Uint8Array;
  /** Decoding can begin here. */
  readonly key: boolean;
}

export interface FileTrack {
  readonly codec: CodecName;
  readonly clockRate: number;
  readonly channels: number;
  /** The a=fmtp parameters that describe the stream. */
  readonly fmtp: string;
}

/** A file that cannot be sent; the message says why and what helps. */
export class MediaFileError extends Error {
  override readonly name = "MediaFileError";
}

export interface MediaSelection {
  readonly audio: boolean;
  readonly video: boolean;
}
