/**
 * The decoder configuration record of H.265 (ISO/IEC 14496-15 8.3.3.1), for units behind 4-byte lengths,
 * and what playlists call it (E.3):
 *
 *  | version 1 | profile, tier and level: 12 bytes as in an SPS | 1111 segmentation (12) |
 *  | 111111 parallelism (2) | 111111 chroma (2) | 11111 luma depth - 8 (3) | 11111 chroma depth - 8 (3) |
 *  | frame rate (16) | constant (2) temporal layers (3) nested (1) 11 | arrays (8) |
 *    per array: | complete (1) 0 type (6) | units (16) | per unit: length (16), bytes
 */
import { writeU16 } from "../../wire/bytes.ts";
import { H265Nal } from "../../wire/h265.ts";
import type { H265Sps } from "../../wire/h265-sps.ts";

const HEADER_BYTES = 23;
const COMPLETE = 0x80;
const ARRAY_TYPES = [H265Nal.vps, H265Nal.sps, H265Nal.pps];

/** `sps` is what pictures use; `sets`: the units of VPS, SPS and PPS. */
export function writeHevcConfig(
  sps: H265Sps,
  sets: readonly (readonly Uint8Array[])[],
): Uint8Array {
  const bytes = sets.flat().reduce((sum, unit) => sum + 2 + unit.length, 3 * sets.length);
  const out = new Uint8Array(HEADER_BYTES + bytes);
  out[0] = 1;
  out.set(sps.profile, 1);
  // Nothing is known of segmentation, parallelism and frame rate.
  const { chroma, lumaDepth, chromaDepth, temporalLayers, nested } = sps;
  out.set([0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | (lumaDepth - 8), 0xf8 | (chromaDepth - 8)], 13);
  out[21] = (temporalLayers << 3) | (nested ? 4 : 0) | 3;
  out[22] = sets.length;
  let at = HEADER_BYTES;
  for (const [index, units] of sets.entries()) {
    out[at] = COMPLETE | ARRAY_TYPES[index]!;
    writeU16(out, at + 1, units.length);
    at += 3;
    for (const unit of units) {
      writeU16(out, at, unit.length);
      out.set(unit, at + 2);
      at += 2 + unit.length;
    }
  }
  return out;
}

/** hvc1, profile, compatibility, tier and level, and the bytes of constraints up to the last that says something. */
export function hevcCodecs({ profile }: H265Sps): string {
  const space = ["", "A", "B", "C"][profile[0]! >> 6]!;
  const tier = (profile[0]! & 0x20) === 0 ? "L" : "H";
  const constraints = [...profile.subarray(5, 11)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    "hvc1",
    `${space}${profile[0]! & 0x1f}`,
    hex(reversed(profile.subarray(1, 5))),
    `${tier}${profile[11]!}`,
    ...constraints.map(hex),
  ].join(".");
}

/** The 32 flags of compatibility, the first of them as the lowest bit. */
function reversed(flags: Uint8Array): number {
  let value = 0;
  for (let i = 31; i >= 0; i -= 1) value = value * 2 + ((flags[i >> 3]! >> (7 - (i & 7))) & 1);
  return value;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase();
}
