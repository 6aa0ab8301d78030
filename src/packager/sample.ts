/** One frame or audio packet at its place on a track. */
export interface Sample {
  /** Decode time, in ticks of its track since the session's zero. */
  readonly time: number;
  /** In ticks. */
  readonly duration: number;
  /** From the decode time to when it is shown, in ticks. */
  readonly offset: number;
  readonly key: boolean;
  /** RTP timestamp of the frame that it is; null for silence that stands for none. */
  readonly timestamp: number | null;
  readonly bytes: Uint8Array;
}
