import { BitReader } from "./bits.ts";
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

/** H.265 7.3.3: 88 bits of profile and 8 of level, then those of the sub-layers that have them. */
function skipProfileTierLevel(subLayers: number): void {
  bits.skip(96);
  if (subLayers === 0) return;
  let skipped = 0;
  for (let i = 0; i < 8; i += 1) {
    const profile = bits.bit();
    const level = bits.bit();
    if (i < subLayers) skipped += 88 * profile + 8 * level;
  }
  bits.skip(skipped);
}
