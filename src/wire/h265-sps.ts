import { BitReader } from "./bits.ts";
import type { SampleFormat } from "./h264-sps.ts";
import type { PayloadDescription } from "./payload-description.ts";

const bits = new BitReader();
/** H.265 A.4.1: level 6.2 allows 16,888 luma samples in a line; a larger number is a broken SPS. */
const SIDE_MAX = 16_888;

/**
 * Reads the picture size, cropped, of an SPS NAL unit (H.265 7.3.2.2.1), two header bytes included.
 * Leaves the size alone when the SPS is truncated or out of bounds.
 */
export function readH265Size(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): void {
  if (length < 3) return;
  bits.reset(bytes, offset + 2, length - 2, true);
  bits.skip(4); // sps_video_parameter_set_id
  const subLayers = bits.bits(3);
  bits.skip(1);
  skipProfileTierLevel(subLayers);
  bits.ue(); // sps_seq_parameter_set_id
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1); // separate_colour_plane_flag
  const lumaWidth = bits.ue();
  const lumaHeight = bits.ue();
  const cropped = bits.bit() === 1;
  const left = cropped ? bits.ue() : 0;
  const right = cropped ? bits.ue() : 0;
  const top = cropped ? bits.ue() : 0;
  const bottom = cropped ? bits.ue() : 0;
  if (bits.overrun || lumaWidth > SIDE_MAX || lumaHeight > SIDE_MAX) return;
  // 6.2, table 6-1: SubWidthC and SubHeightC.
  const width = lumaWidth - (chroma === 1 || chroma === 2 ? 2 : 1) * (left + right);
  const height = lumaHeight - (chroma === 1 ? 2 : 1) * (top + bottom);
  if (width <= 0 || height <= 0) return;
  out.width = width;
  out.height = height;
}

/** Profile, tier and level of an SPS NAL unit and its sample format; null when it is truncated. */
export function readH265Format(
  unit: Uint8Array,
):
  | (SampleFormat & { readonly profile: number; readonly tier: number; readonly level: number })
  | null {
  if (unit.length < 16) return null;
  bits.reset(unit, 2, unit.length - 2, true);
  bits.skip(4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  // 7.3.3: profile_space (2), tier, profile (5), 32 flags, progressive, interlaced, ..., level.
  bits.skip(2);
  const tier = bits.bit();
  const profile = bits.bits(5);
  bits.skip(32);
  const progressive = bits.bit() === 1;
  const interlaced = bits.bit() === 1 && !progressive;
  bits.skip(46);
  const level = bits.bits(8);
  skipSubLayers(subLayers);
  bits.ue(); // sps_seq_parameter_set_id
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  bits.ue();
  bits.ue();
  if (bits.bit() === 1) for (let i = 0; i < 4; i += 1) bits.ue();
  const bitDepth = 8 + Math.max(bits.ue(), bits.ue());
  return bits.overrun ? null : { profile, tier, level, chroma, bitDepth, interlaced };
}

/** The id of an SPS NAL unit, its header bytes included; 0 when it is cut short. */
export function readH265SpsId(unit: Uint8Array): number {
  bits.reset(unit, 2, unit.length - 2, true);
  bits.skip(4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  skipProfileTierLevel(subLayers);
  return bits.ue();
}

/** H.265 7.3.3: 88 bits of profile and 8 of level, then those of the sub-layers that have them. */
function skipProfileTierLevel(subLayers: number): void {
  bits.skip(96);
  skipSubLayers(subLayers);
}

function skipSubLayers(subLayers: number): void {
  if (subLayers === 0) return;
  let skipped = 0;
  for (let i = 0; i < 8; i += 1) {
    const profile = bits.bit();
    const level = bits.bit();
    if (i < subLayers) skipped += 88 * profile + 8 * level;
  }
  bits.skip(skipped);
}
