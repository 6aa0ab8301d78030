/** What a container says of one track beside its frames, whatever kind of container it is. */
export interface ContainerTrack {
  /** track_ID of MP4, TrackNumber of Matroska. */
  readonly id: number;
  /** Sample entry ("avc1", "encv") or codec id ("V_MPEG4/ISO/AVC"). */
  readonly format: string;
  /**
   * The codec's configuration as stored: the content of avcC, hvcC, av1C, vpcC or dOps, or Matroska's
   * CodecPrivate. Null when there is none.
   */
  readonly configuration: Uint8Array | null;
  readonly encrypted: boolean;
  /** Different sample descriptions: more than one when the format changes in mid-file. */
  readonly descriptions: number;
  /** Stretches of the track that an edit list puts together; 1 when it only moves the start. */
  readonly edits: number;
}
