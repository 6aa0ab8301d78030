import type { VideoFormat } from "../format.ts";

/** Puts the packets of one frame together as a codec has them, and says what it is. */
export interface Assembly {
  /** Something has begun that is not whole. */
  readonly open: boolean;
  /** There is a picture in it. */
  readonly hasPicture: boolean;
  /** A decoder can begin with it. */
  readonly key: boolean;
  /** Why no tail can be made of such pictures, as the end of a sentence; null where one can. */
  readonly unfit: string | null;
  /** Another frame comes. `torn`: packets may be missing in front of it. */
  begin(torn: boolean): void;
  /** Takes the next payload with its flags (SlotFlag); false when it is malformed, or the frame too long. */
  push(payload: Uint8Array, flags: number): boolean;
  /** The frame as a sample of an MP4 file, which nothing writes to any more. */
  take(): Uint8Array;
  /** Of a keyframe: the same object for as long as it says the same; null when it is not known. */
  format(): VideoFormat | null;
}
