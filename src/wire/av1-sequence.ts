import { BitReader } from "./bits.ts";
import type { PayloadDescription } from "./payload-description.ts";

const bits = new BitReader();
/** BT.709, sRGB, identity: the colours that are not subsampled whatever the profile (5.5.2). */
const SRGB = 0x010d00;
/** In both directions (4:2:0), and in one (4:2:2). */
const SUBSAMPLED = 0b1100;
const SUBSAMPLED_ACROSS = 0b1000;

/**
 * Reads the largest picture size of a sequence header OBU's payload (AV1 specification 5.5.1).
 * Leaves the size alone when the header is truncated.
 */
export function readSequenceSize(
  bytes: Uint8Array,
  offset: number,
  end: number,
  out: PayloadDescription,
): void {
  bits.reset(bytes, offset, end - offset, false);
  bits.skip(4); // seq_profile, still_picture
  if (bits.bit() === 1) {
    bits.skip(5); // reduced_still_picture_header: seq_level_idx
  } else {
    skipOperatingPoints();
  }
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  if (bits.overrun) return;
  out.width = width;
  out.height = height;
}

/** What kind of pictures a sequence header describes. */
export interface Av1Format {
  readonly profile: number;
  /** seq_level_idx and seq_tier of the first operating point. */
  readonly level: number;
  readonly tier: number;
  readonly bitDepth: number;
  readonly monochrome: boolean;
  /** subsampling_x, subsampling_y, and chroma_sample_position, as bits one behind the other. */
  readonly chroma: number;
  /** The largest that pictures have. */
  readonly width: number;
  readonly height: number;
  /** Of the first operating point, which is all that there is. */
  readonly spatialLayers: number;
}

/** Reads a sequence header OBU's payload (5.5.1, 5.5.2); null when it is truncated. */
export function readSequenceFormat(payload: Uint8Array): Av1Format | null {
  bits.reset(payload, 0, payload.length, false);
  const profile = bits.bits(3);
  bits.skip(1);
  const reduced = bits.bit() === 1;
  if (reduced) {
    point.level = bits.bits(5);
    point.tier = 0;
    point.layers = 0;
  } else {
    skipOperatingPoints();
  }
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  if (!reduced && bits.bit() === 1) bits.skip(7); // frame id lengths
  bits.skip(3);
  if (!reduced) skipTools();
  bits.skip(3); // superres, cdef, restoration
  const high = bits.bit();
  const twelve = profile === 2 && high === 1 ? bits.bit() : 0;
  const monochrome = profile !== 1 && bits.bit() === 1;
  const bitDepth = 8 + 2 * high + 2 * twelve;
  const chroma = readChroma(profile, bitDepth, monochrome);
  if (bits.overrun) return null;
  const { level, tier, layers } = point;
  // 6.4.1: one bit for each spatial layer, above those of the temporal ones.
  const spatialLayers = Math.max(1, 32 - Math.clz32(layers >> 8));
  return { profile, level, tier, bitDepth, monochrome, chroma, width, height, spatialLayers };
}

/** 5.5.2, behind mono_chrome. */
function readChroma(profile: number, bitDepth: number, monochrome: boolean): number {
  let isRgb = false;
  if (bits.bit() === 1) {
    // color_primaries, transfer_characteristics, matrix_coefficients.
    isRgb = bits.bits(24) === SRGB;
  }
  if (monochrome) return SUBSAMPLED;
  if (isRgb) return 0;
  bits.skip(1); // color_range
  if (profile === 1) return 0;
  let chroma = profile === 0 ? SUBSAMPLED : SUBSAMPLED_ACROSS;
  if (profile === 2 && bitDepth === 12) {
    const across = bits.bit() === 1;
    chroma = !across ? 0 : bits.bit() === 1 ? SUBSAMPLED : SUBSAMPLED_ACROSS;
  }
  return chroma === SUBSAMPLED ? chroma | bits.bits(2) : chroma;
}

/** 5.5.1: from enable_interintra_compound to order_hint_bits. */
function skipTools(): void {
  bits.skip(4);
  const orderHint = bits.bit() === 1;
  if (orderHint) bits.skip(2);
  // seq_force_screen_content_tools is 2 (chosen by frame) with the first bit.
  const screenContent = bits.bit() === 1 ? 2 : bits.bit();
  if (screenContent > 0 && bits.bit() === 0) bits.skip(1);
  if (orderHint) bits.skip(3);
}

/** Of the first operating point that `skipOperatingPoints` passed. */
const point = { level: 0, tier: 0, layers: 0 };

function skipOperatingPoints(): void {
  let delayLength = 0;
  if (bits.bit() === 1) {
    // timing_info: two numbers, equal_picture_interval and then num_ticks_per_picture_minus_1.
    bits.skip(64);
    if (bits.bit() === 1) bits.ue();
    if (bits.bit() === 1) {
      delayLength = bits.bits(5) + 1;
      bits.skip(32 + 5 + 5);
    }
  }
  const displayDelay = bits.bit() === 1;
  const count = bits.bits(5) + 1;
  for (let i = 0; i < count; i += 1) {
    const layers = bits.bits(12);
    const level = bits.bits(5);
    const tier = level > 7 ? bits.bit() : 0;
    if (i === 0) {
      point.level = level;
      point.tier = tier;
      point.layers = layers;
    }
    if (delayLength > 0 && bits.bit() === 1) bits.skip(2 * delayLength + 1);
    if (displayDelay && bits.bit() === 1) bits.skip(4);
  }
}
