/**
 * VP8 payloads (RFC 7741 4.2, 4.3).
 *
 *  |X|R|N|S|R| PID | ; X: |I|L|T|K| RSV | ; I: |M| PictureID 7 or 15 |
 *  L: | TL0PICIDX | ; T or K: |TID|Y| KEYIDX | ; then VP8 data
 */
import { readU16, readU24 } from "./bytes.ts";
import type { PayloadDescription } from "./payload-description.ts";

const START_CODE = 0x9d012a;

/** Fills `out` from one payload. False when the descriptor does not fit. */
export function describeVp8(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  const end = offset + length;
  const data = vp8DataOffset(bytes, offset, length, out);
  if (data === -1) return false;
  const first = bytes[offset]!;
  // The first partition begins: S set, partition index 0.
  out.frameStart = (first & 0x17) === 0x10;
  if (!out.frameStart) return true;
  // RFC 7741 4.3: P = 0 is a keyframe. RFC 6386 9.1: start code, then width and height.
  out.keyframe = (bytes[data]! & 1) === 0;
  if (out.keyframe && end - data >= 10 && readU24(bytes, data + 3) === START_CODE) {
    out.width = bytes[data + 6]! | ((bytes[data + 7]! & 0x3f) << 8);
    out.height = bytes[data + 8]! | ((bytes[data + 9]! & 0x3f) << 8);
  }
  return true;
}

/** Where the VP8 data begins behind the descriptor, or -1; fills the descriptor's fields of `out`. */
export function vp8DataOffset(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): number {
  const end = offset + length;
  const extended = length > 0 && (bytes[offset]! & 0x80) !== 0;
  const data = extended ? readExtended(bytes, offset, end, out) : offset + 1;
  // RFC 7741 4.2: no byte of VP8 data means a broken packet.
  return data >= end ? -1 : data;
}

/** Reads the optional fields. Returns where the VP8 data begins, or -1. */
function readExtended(
  bytes: Uint8Array,
  offset: number,
  end: number,
  out: PayloadDescription,
): number {
  if (offset + 2 > end) return -1;
  const flags = bytes[offset + 1]!;
  let position = offset + 2;
  if ((flags & 0x80) !== 0) {
    if (position >= end) return -1;
    const wide = (bytes[position]! & 0x80) !== 0;
    if (wide && position + 2 > end) return -1;
    out.pictureId = wide ? readU16(bytes, position) & 0x7fff : bytes[position]!;
    out.pictureIdBits = wide ? 15 : 7;
    out.pictureIdOffset = position - offset;
    position += wide ? 2 : 1;
  }
  if ((flags & 0x40) !== 0) {
    if (position >= end) return -1;
    out.tl0PicIdx = bytes[position]!;
    out.tl0PicIdxOffset = position - offset;
    position += 1;
  }
  if ((flags & 0x30) !== 0) {
    if (position >= end) return -1;
    const value = bytes[position]!;
    if ((flags & 0x20) !== 0) {
      out.temporalId = value >> 6;
      out.switchingPoint = (value & 0x20) !== 0;
    }
    position += 1;
  }
  return position;
}
