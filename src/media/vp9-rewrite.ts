/**
 * Picture id and TL0PICIDX of a viewer's VP9 stream (RFC 9628 4.2). Within one encoding they leave
 * as they came, dropped pictures and all: references count in picture ids (P_DIFF, and the picture
 * group from the keyframe's id on), so that closing gaps would break them, and a receiver knows by
 * the temporal layer that it misses nothing. Where another encoding takes over, both go on.
 */
import { readU16, writeU16 } from "../wire/bytes.ts";

export class Vp9Rewrite {
  #pictureOffset = 0;
  #tl0Offset = 0;
  #lastPicture = 0;
  #lastTl0 = 0;

  /** A stretch begins with a keyframe of these values (-1: absent), after another or as the first. */
  begin(pictureId: number, tl0PicIdx: number, before: Vp9Rewrite | null): void {
    if (before !== null) {
      this.#pictureOffset = before.#lastPicture + 1 - Math.max(0, pictureId);
      this.#tl0Offset = before.#lastTl0 + 1 - Math.max(0, tl0PicIdx);
    }
    this.#lastPicture = pictureId + this.#pictureOffset;
    this.#lastTl0 = tl0PicIdx + this.#tl0Offset;
  }

  /**
   * Rewrites a payload in place. `pictureIdOffset` and `tl0PicIdxOffset` are the slot's: offset in
   * the payload + 1, 0 when absent.
   */
  patch(bytes: Uint8Array, offset: number, pictureIdOffset: number, tl0PicIdxOffset: number): void {
    if (pictureIdOffset > 0) {
      const at = offset + pictureIdOffset - 1;
      const wide = (bytes[at]! & 0x80) !== 0;
      const bits = wide ? 15 : 7;
      const now = (wide ? readU16(bytes, at) & 0x7fff : bytes[at]!) + this.#pictureOffset;
      if (wide) writeU16(bytes, at, 0x8000 | (now & 0x7fff));
      else bytes[at] = now & 0x7f;
      this.#lastPicture = newer(this.#lastPicture, now, bits);
    }
    if (tl0PicIdxOffset > 0) {
      const at = offset + tl0PicIdxOffset - 1;
      const now = bytes[at]! + this.#tl0Offset;
      bytes[at] = now & 0xff;
      this.#lastTl0 = newer(this.#lastTl0, now, 8);
    }
  }
}

/** The later of two numbers that wrap at `bits`. */
function newer(known: number, now: number, bits: number): number {
  const shift = 32 - bits;
  return ((now - known) << shift) >> shift > 0 ? now : known;
}
