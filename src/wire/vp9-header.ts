import { BitReader } from "./bits.ts";

const FRAME_MARKER = 2;
const SYNC_CODE = 0x498342;
const COLOR_SRGB = 7;

const bits = new BitReader();

/** What the uncompressed header of a VP9 keyframe says (VP9 specification 6.2), reused. */
export class Vp9Header {
  profile = 0;
  bitDepth = 8;
  /** color_space (7.2.2). */
  colorSpace = 0;
  fullRange = false;
  /** Colours have half as many samples in a line, and half as many lines. */
  subsampledX = true;
  subsampledY = true;
  width = 0;
  height = 0;

  /** False when it is no keyframe, or cut short. */
  read(bytes: Uint8Array, offset: number, end: number): boolean {
    bits.reset(bytes, offset, end - offset, false);
    if (bits.bits(2) !== FRAME_MARKER) return false;
    this.profile = bits.bit() + 2 * bits.bit();
    if (this.profile === 3) bits.skip(1);
    // show_existing_frame, frame_type (0 is a keyframe); then show_frame, error_resilient_mode.
    if (bits.bit() === 1 || bits.bit() === 1) return false;
    bits.skip(2);
    if (bits.bits(24) !== SYNC_CODE) return false;
    this.#readColors();
    this.width = bits.bits(16) + 1;
    this.height = bits.bits(16) + 1;
    return !bits.overrun;
  }

  /** color_config. */
  #readColors(): void {
    this.bitDepth = this.profile < 2 ? 8 : 10 + 2 * bits.bit();
    this.colorSpace = bits.bits(3);
    const odd = this.profile === 1 || this.profile === 3;
    const isRgb = this.colorSpace === COLOR_SRGB;
    this.fullRange = isRgb || bits.bit() === 1;
    this.subsampledX = odd && !isRgb ? bits.bit() === 1 : !odd;
    this.subsampledY = odd && !isRgb ? bits.bit() === 1 : !odd;
    if (odd) bits.skip(1);
  }
}
