/** What a decoder has to know before the first sample of a track. */

export interface VideoFormat {
  readonly codec: "h264";
  /** As playlists and browsers name it (RFC 6381): avc1.PPCCLL. */
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
  /** Content of the box that configures the decoder: avcC. */
  readonly config: Uint8Array;
}

export interface AudioFormat {
  readonly codec: "opus";
  readonly channels: 1 | 2;
}
