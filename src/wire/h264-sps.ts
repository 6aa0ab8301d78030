import { BitReader } from "./bits.ts";
import type { PayloadDescription } from "./payload-description.ts";

const bits = new BitReader();
/** H.264 A.3.1: no level allows more; a larger number is a broken SPS. */
const MACROBLOCKS_MAX = 1055;
/** 7.4.2.1.1. */
const SPS_ID_MAX = 31;

/** What kind of pictures an SPS describes. */
export interface SampleFormat {
  /** chroma_format_idc: 0 is monochrome, 1 is 4:2:0. */
  readonly chroma: number;
  readonly bitDepth: number;
  readonly interlaced: boolean;
}

/** Of an SPS NAL unit of H.264, header byte included; null when it is truncated. */
export function readH264Format(unit: Uint8Array): SampleFormat | null {
  if (unit.length < 5) return null;
  readUpToSize(unit, 0, unit.length);
  if (bits.overrun) return null;
  const { chroma, lumaDepth, chromaDepth, frameOnly } = sps;
  return { chroma, bitDepth: Math.max(lumaDepth, chromaDepth), interlaced: frameOnly === 0 };
}

/** What a container has to say of the pictures besides the SPS itself. */
export interface H264Sps {
  readonly id: number;
  readonly chroma: number;
  readonly lumaDepth: number;
  readonly chromaDepth: number;
  /** Cropped. */
  readonly width: number;
  readonly height: number;
}

/** Of an SPS NAL unit, header byte included; null when it is truncated or out of bounds. */
export function readH264Sps(unit: Uint8Array): H264Sps | null {
  if (unit.length < 5) return null;
  readUpToSize(unit, 0, unit.length);
  readSize();
  const { id, chroma, lumaDepth, chromaDepth, width, height } = sps;
  if (width === 0 || id > SPS_ID_MAX || chroma > 3 || Math.max(lumaDepth, chromaDepth) > 14) {
    return null;
  }
  return { id, chroma, lumaDepth, chromaDepth, width, height };
}

/**
 * Reads the picture size, cropped, of an SPS NAL unit (H.264 7.3.2.1.1), header byte included.
 * Leaves the size alone when the SPS is truncated or out of bounds.
 */
export function readH264Size(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): void {
  if (length < 5) return;
  readUpToSize(bytes, offset, length);
  readSize();
  if (sps.width === 0) return;
  out.width = sps.width;
  out.height = sps.height;
}

/** From frame_cropping_flag on; leaves a size of 0 when the SPS is truncated or out of bounds. */
function readSize(): void {
  const { chroma, frameOnly, widthBlocks, heightUnits } = sps;
  const cropped = bits.bit() === 1;
  // 7.4.2.1.1: crop units by chroma format and by fields.
  const cropX = chroma === 1 || chroma === 2 ? 2 : 1;
  const cropY = (chroma === 1 ? 2 : 1) * (2 - frameOnly);
  const left = cropped ? bits.ue() : 0;
  const right = cropped ? bits.ue() : 0;
  const top = cropped ? bits.ue() : 0;
  const bottom = cropped ? bits.ue() : 0;
  const heightBlocks = heightUnits * (2 - frameOnly);
  sps.width = 0;
  sps.height = 0;
  if (bits.overrun || widthBlocks > MACROBLOCKS_MAX || heightBlocks > MACROBLOCKS_MAX) return;
  const width = 16 * widthBlocks - cropX * (left + right);
  const height = 16 * heightBlocks - cropY * (top + bottom);
  if (width <= 0 || height <= 0) return;
  sps.width = width;
  sps.height = height;
}

/** What `readUpToSize` and `readSize` found. */
const sps = {
  id: 0,
  chroma: 1,
  lumaDepth: 8,
  chromaDepth: 8,
  frameOnly: 1,
  widthBlocks: 0,
  heightUnits: 0,
  width: 0,
  height: 0,
};

/** Leaves the reader in front of frame_cropping_flag. */
function readUpToSize(bytes: Uint8Array, offset: number, length: number): void {
  const profile = bytes[offset + 1]!;
  bits.reset(bytes, offset + 4, length - 4, true);
  sps.id = bits.ue();
  sps.chroma = 1;
  sps.lumaDepth = 8;
  sps.chromaDepth = 8;
  if (HIGH_PROFILES.has(profile)) {
    sps.chroma = bits.ue();
    if (sps.chroma === 3) bits.skip(1); // separate_colour_plane_flag: the crop units stay 1
    sps.lumaDepth = 8 + bits.ue();
    sps.chromaDepth = 8 + bits.ue();
    bits.skip(1);
    if (bits.bit() === 1) skipScalingMatrix(sps.chroma === 3 ? 12 : 8);
  }
  bits.ue(); // log2_max_frame_num_minus4
  skipOrderCount();
  bits.ue(); // max_num_ref_frames
  bits.skip(1);
  sps.widthBlocks = bits.ue() + 1;
  sps.heightUnits = bits.ue() + 1;
  sps.frameOnly = bits.bit();
  if (sps.frameOnly === 0) bits.skip(1);
  bits.skip(1); // direct_8x8_inference_flag
}

/** 7.3.2.1.1: the profiles whose SPS names chroma format and bit depth. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function skipScalingMatrix(lists: number): void {
  for (let i = 0; i < lists && !bits.overrun; i += 1) {
    if (bits.bit() === 0) continue;
    let last = 8;
    let next = 8;
    const size = i < 6 ? 16 : 64;
    for (let j = 0; j < size && !bits.overrun; j += 1) {
      if (next !== 0) next = (last + bits.se() + 256) & 255;
      if (next !== 0) last = next;
    }
  }
}

function skipOrderCount(): void {
  const type = bits.ue();
  if (type === 0) {
    bits.ue();
  } else if (type === 1) {
    bits.skip(1);
    bits.ue();
    bits.ue();
    const count = bits.ue();
    for (let i = 0; i < count && i < 256 && !bits.overrun; i += 1) bits.ue();
  }
}
