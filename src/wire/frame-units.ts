/** The NAL units of one frame, in the layout that its container states. */
import { writeU32 } from "./bytes.ts";

/** Bytes of the length in front of each unit; 0 for start codes (H.264 and H.265 Annex B). */
export type LengthBytes = 0 | 1 | 2 | 4;

/** The units of a frame, as views, without empty ones. Null when a length does not fit. */
export function splitUnits(frame: Uint8Array, lengthBytes: LengthBytes): Uint8Array[] | null {
  return lengthBytes === 0 ? splitStartCodes(frame) : splitLengths(frame, lengthBytes);
}

/** The units behind 4-byte lengths: the one layout that the packetizers take. */
export function joinUnits(units: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  let position = 0;
  for (const unit of units) {
    writeU32(out, position, unit.length);
    out.set(unit, position + 4);
    position += 4 + unit.length;
  }
  return out;
}

function splitLengths(frame: Uint8Array, lengthBytes: 1 | 2 | 4): Uint8Array[] | null {
  const units: Uint8Array[] = [];
  let position = 0;
  while (position < frame.length) {
    if (position + lengthBytes > frame.length) return null;
    let length = 0;
    for (let i = 0; i < lengthBytes; i += 1) length = length * 256 + frame[position + i]!;
    position += lengthBytes;
    if (position + length > frame.length) return null;
    if (length > 0) units.push(frame.subarray(position, position + length));
    position += length;
  }
  return units;
}

/** Null without a start code at the beginning: H.264 B.1.1 has nothing but zeros in front of it. */
function splitStartCodes(frame: Uint8Array): Uint8Array[] | null {
  const units: Uint8Array[] = [];
  let code = findStartCode(frame, 0);
  if (code < 0 || frame.subarray(0, code).some((byte) => byte !== 0)) return null;
  while (code >= 0) {
    const start = code + 3;
    code = findStartCode(frame, start);
    // B.1: zeros in front of a start code or at the end belong to no NAL unit.
    let end = code < 0 ? frame.length : code;
    while (end > start && frame[end - 1] === 0) end -= 1;
    if (end > start) units.push(frame.subarray(start, end));
  }
  return units;
}

/** Index of the next 00 00 01, or -1. */
function findStartCode(frame: Uint8Array, from: number): number {
  for (let i = from; i + 2 < frame.length; i += 1) {
    if (frame[i] === 0 && frame[i + 1] === 0 && frame[i + 2] === 1) return i;
  }
  return -1;
}
