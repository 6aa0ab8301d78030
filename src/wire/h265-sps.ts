import { BitReader } from "./bits.ts";
import type { SampleFormat } from "./h264-sps.ts";
import type { PayloadDescription } from "./payload-description.ts";

const bits = new BitReader();
/** H.265 A.4.1: level 6.2 allows 16,888 luma samples in a line; a larger number is a broken SPS. */
const SIDE_MAX = 16_888;
/** 7.4.3.2.1. */
const SPS_ID_MAX = 15;
/** 7.3.3: profile (88 bits) and level (8), as all sub-layers together have them. */
const PROFILE_BYTES = 12;
const PROFILE_BITS = 88;
const LEVEL_BITS = 8;

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
  readUpToSize(bytes, offset, length);
  readSize();
  if (sps.width === 0) return;
  out.width = sps.width;
  out.height = sps.height;
}

/** What a container has to say of the pictures besides the SPS itself. */
export interface H265Sps {
  readonly id: number;
  readonly vpsId: number;
  readonly temporalLayers: number;
  /** Temporal layers may be switched up to anywhere. */
  readonly nested: boolean;
  /** The 12 bytes of general_profile_space to general_level_idc (7.3.3), without emulation prevention. */
  readonly profile: Uint8Array;
  readonly chroma: number;
  readonly lumaDepth: number;
  readonly chromaDepth: number;
  /** Cropped. */
  readonly width: number;
  readonly height: number;
}

/** Of an SPS NAL unit, its header bytes included; null when it is truncated or out of bounds. */
export function readH265Sps(unit: Uint8Array): H265Sps | null {
  readUpToSize(unit, 0, unit.length);
  readSize();
  readDepths();
  const { id, vpsId, subLayers, nested, chroma, lumaDepth, chromaDepth, width, height } = sps;
  if (bits.overrun || width === 0 || id > SPS_ID_MAX || chroma > 3 || subLayers > 6) return null;
  if (Math.max(lumaDepth, chromaDepth) > 15) return null;
  return {
    ...{ id, vpsId, nested, chroma, lumaDepth, chromaDepth, width, height },
    temporalLayers: subLayers + 1,
    profile: sps.profile.slice(),
  };
}

/** Profile, tier and level of an SPS NAL unit and its sample format; null when it is truncated. */
export function readH265Format(
  unit: Uint8Array,
):
  | (SampleFormat & { readonly profile: number; readonly tier: number; readonly level: number })
  | null {
  if (unit.length < 16) return null;
  readUpToSize(unit, 0, unit.length);
  readSize();
  readDepths();
  if (bits.overrun) return null;
  const { profile: general, chroma, lumaDepth, chromaDepth } = sps;
  // 7.3.3: profile_space (2), tier, profile (5), 32 flags, progressive, interlaced, ..., level.
  const tier = (general[0]! >> 5) & 1;
  const profile = general[0]! & 0x1f;
  const interlaced = general[5]! >> 6 === 1;
  const level = general[PROFILE_BYTES - 1]!;
  return { profile, tier, level, chroma, bitDepth: Math.max(lumaDepth, chromaDepth), interlaced };
}

/** The id of an SPS NAL unit, its header bytes included; 0 when it is cut short. */
export function readH265SpsId(unit: Uint8Array): number {
  readUpToSize(unit, 0, unit.length);
  return sps.id;
}

/** What `readUpToSize`, `readSize` and `readDepths` found, in this order. */
const sps = {
  vpsId: 0,
  subLayers: 0,
  nested: false,
  profile: new Uint8Array(PROFILE_BYTES),
  id: 0,
  chroma: 1,
  lumaWidth: 0,
  lumaHeight: 0,
  width: 0,
  height: 0,
  lumaDepth: 8,
  chromaDepth: 8,
};

/** Leaves the reader in front of conformance_window_flag. */
function readUpToSize(bytes: Uint8Array, offset: number, length: number): void {
  bits.reset(bytes, offset + 2, length - 2, true);
  sps.vpsId = bits.bits(4);
  sps.subLayers = bits.bits(3);
  sps.nested = bits.bit() === 1;
  for (let i = 0; i < PROFILE_BYTES; i += 1) sps.profile[i] = bits.bits(8);
  skipSubLayers(sps.subLayers);
  sps.id = bits.ue();
  sps.chroma = bits.ue();
  if (sps.chroma === 3) bits.skip(1); // separate_colour_plane_flag
  sps.lumaWidth = bits.ue();
  sps.lumaHeight = bits.ue();
}

/** Leaves a size of 0 when the SPS is truncated or out of bounds. */
function readSize(): void {
  const { chroma, lumaWidth, lumaHeight } = sps;
  const cropped = bits.bit() === 1;
  const left = cropped ? bits.ue() : 0;
  const right = cropped ? bits.ue() : 0;
  const top = cropped ? bits.ue() : 0;
  const bottom = cropped ? bits.ue() : 0;
  sps.width = 0;
  sps.height = 0;
  if (bits.overrun || lumaWidth > SIDE_MAX || lumaHeight > SIDE_MAX) return;
  // 6.2, table 6-1: SubWidthC and SubHeightC.
  const width = lumaWidth - (chroma === 1 || chroma === 2 ? 2 : 1) * (left + right);
  const height = lumaHeight - (chroma === 1 ? 2 : 1) * (top + bottom);
  if (width <= 0 || height <= 0) return;
  sps.width = width;
  sps.height = height;
}

function readDepths(): void {
  sps.lumaDepth = 8 + bits.ue();
  sps.chromaDepth = 8 + bits.ue();
}

/** 7.3.3: of the sub-layers that have them. */
function skipSubLayers(subLayers: number): void {
  if (subLayers === 0) return;
  let skipped = 0;
  for (let i = 0; i < 8; i += 1) {
    const profile = bits.bit();
    const level = bits.bit();
    if (i < subLayers) skipped += PROFILE_BITS * profile + LEVEL_BITS * level;
  }
  bits.skip(skipped);
}
