/** Where a stream's media lies: the rings that ingest writes and viewers read. */

/** A ring as threads pass it round: its bit in the dirty bitmaps, its memory, and who writes it. */
export interface RingGrant {
  readonly index: number;
  readonly buffer: SharedArrayBuffer;
  /** Number of the worker whose bell a reader rings with a wish. */
  readonly writer: number;
}

/** The rings of one epoch of a stream: what viewers read. */
export interface StreamSource {
  readonly epoch: number;
  readonly audio: RingGrant | null;
  /** One ring a layer, highest first; empty for an audio-only publisher. */
  readonly video: readonly RingGrant[];
  /** It comes from another node, which decides for all nodes how its tail is cut. */
  readonly pulled?: boolean;
}
