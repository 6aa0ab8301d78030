import type { VideoFormat } from "../format.ts";

/**
 * One packet of a ring, in origin order, with nothing missing before it since the last `reset`. Its
 * bytes are valid during the call only.
 */
export interface Packet {
  readonly timestamp: number;
  /** Of SlotFlag. */
  readonly flags: number;
  readonly payload: Uint8Array;
  readonly arrivalUs: number;
}

/** A whole access unit or audio packet; it belongs to whoever gets it. */
export interface Frame {
  readonly timestamp: number;
  /** Of its first packet. */
  readonly arrivalUs: number;
  /** A decoder can begin here. */
  readonly key: boolean;
  /** As a sample of an MP4 file. */
  readonly data: Uint8Array;
  /** With a keyframe: what a decoder needs, the same object for as long as that is unchanged. */
  readonly format: VideoFormat | null;
  /** How long an audio packet plays, in samples of 48 kHz; 0 of video. */
  readonly samples: number;
}
