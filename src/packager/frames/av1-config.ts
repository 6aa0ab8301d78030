/**
 * The decoder configuration record of AV1 (AV1 in ISOBMFF 2.3.3), and what playlists call it (5):
 *
 *  | 1 version (7) = 1 | profile (3) level (5) |
 *  | tier, high bit depth, twelve bits, monochrome, subsampling x, y, chroma position (2) | 0 | OBUs
 */
import type { Av1Format } from "../../wire/av1-sequence.ts";

/** `sequence`: the sequence header OBU, with its size. */
export function writeAv1Config(format: Av1Format, sequence: Uint8Array): Uint8Array {
  const { profile, level, tier, bitDepth, monochrome, chroma } = format;
  const depth = (bitDepth > 8 ? 0x40 : 0) | (bitDepth === 12 ? 0x20 : 0);
  const out = new Uint8Array(4 + sequence.length);
  out[0] = 0x81;
  out[1] = (profile << 5) | level;
  out[2] = (tier << 7) | depth | (monochrome ? 0x10 : 0) | chroma;
  out.set(sequence, 4);
  return out;
}

export function av1Codecs({ profile, level, tier, bitDepth }: Av1Format): string {
  return `av01.${profile}.${twoDigits(level)}${tier === 0 ? "M" : "H"}.${twoDigits(bitDepth)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
