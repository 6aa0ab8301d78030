/** Frames of VP8 and VP9: they carry all that a decoder needs. */
import type { FormedFrame, FrameForm } from "./frame-form.ts";

export class Vp8Form implements FrameForm {
  form(frame: Uint8Array): FormedFrame | string {
    // RFC 7741 4.3: the frame tag has three bytes; its lowest bit is 0 in a keyframe.
    if (frame.length < 3) return "it has no picture in it";
    return { data: frame, key: (frame[0]! & 1) === 0 };
  }

  reset(): void {}
}

export class Vp9Form implements FrameForm {
  form(frame: Uint8Array): FormedFrame | string {
    // VP9 6.2: marker (2), profile (2, and a zero for 3), show_existing_frame, frame_type.
    const first = frame[0] ?? 0;
    if (first >> 6 !== 2) return "it has no picture in it";
    const shift = (first & 0x30) === 0x30 ? 1 : 2;
    return { data: frame, key: ((first >> shift) & 3) === 0 };
  }

  reset(): void {}
}
