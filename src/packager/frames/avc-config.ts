/**
 * The decoder configuration record of H.264 (ISO/IEC 14496-15 5.3.3.1), for units behind 4-byte lengths:
 *
 *  | version 1 | profile | compat | level | 111111 11 | 111 SPS count (5) |
 *    per SPS: length (16), bytes; PPS count (8); per PPS: length (16), bytes
 *  of High profiles: | 111111 chroma (2) | 11111 luma depth - 8 (3) | 11111 chroma depth - 8 (3) | 0 |
 */
import { writeU16 } from "../../wire/bytes.ts";
import type { H264Sps } from "../../wire/h264-sps.ts";

/** Baseline, Main and Extended: the profiles whose record ends with the sets. */
const PLAIN_PROFILES = [66, 77, 88];

/** `active` is the SPS that pictures use, and `sps` what it says. */
export function writeAvcConfig(
  active: Uint8Array,
  sps: H264Sps,
  spsUnits: readonly Uint8Array[],
  ppsUnits: readonly Uint8Array[],
): Uint8Array {
  const profile = active[1]!;
  const tail = PLAIN_PROFILES.includes(profile)
    ? []
    : [0xfc | sps.chroma, 0xf8 | (sps.lumaDepth - 8), 0xf8 | (sps.chromaDepth - 8), 0];
  const sets = [...spsUnits, ...ppsUnits].reduce((sum, unit) => sum + 2 + unit.length, 0);
  const out = new Uint8Array(7 + sets + tail.length);
  out.set([1, profile, active[2]!, active[3]!, 0xff, 0xe0 | spsUnits.length]);
  let at = putUnits(out, 6, spsUnits);
  out[at] = ppsUnits.length;
  at = putUnits(out, at + 1, ppsUnits);
  out.set(tail, at);
  return out;
}

function putUnits(out: Uint8Array, offset: number, units: readonly Uint8Array[]): number {
  let at = offset;
  for (const unit of units) {
    writeU16(out, at, unit.length);
    out.set(unit, at + 2);
    at += 2 + unit.length;
  }
  return at;
}
