/** Turns frames as a container stores them into frames that a receiver can begin with. */

/** A frame that is fit to be sent. */
export interface FormedFrame {
  readonly data: Uint8Array;
  /** A decoder can begin here: told by the frame's own headers, not by the container. */
  readonly key: boolean;
}

export interface FrameForm {
  /**
   * One frame; `marked` tells that the container calls it a keyframe. A text says why it cannot be
   * sent.
   */
  form(frame: Uint8Array, marked: boolean): FormedFrame | string;
  /** The file is read from elsewhere: what earlier frames brought does not count any more. */
  reset(): void;
}
