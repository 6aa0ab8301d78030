/**
 * The decoder configuration record of VP9 (VP Codec ISO Media File Format Binding 1.0), and what
 * playlists call it:
 *
 *  | version 1 (8) | flags (24) | profile (8) | level (8) | bit depth (4) subsampling (3) full range (1) |
 *  | primaries (8) | transfer (8) | matrix (8) | 0 (16) |
 */
import type { Vp9Header } from "../../wire/vp9-header.ts";

/** VP9 levels by the largest picture and the most samples a second (Annex A of the specification). */
const LEVELS = [
  [10, 36_864, 829_440],
  [11, 73_728, 2_764_800],
  [20, 122_880, 4_608_000],
  [21, 245_760, 9_216_000],
  [30, 552_960, 20_736_000],
  [31, 983_040, 36_864_000],
  [40, 2_228_224, 83_558_400],
  [41, 2_228_224, 160_432_128],
  [50, 8_912_896, 311_951_360],
  [51, 8_912_896, 588_251_136],
  [52, 8_912_896, 1_176_502_272],
  [60, 35_651_584, 1_176_502_272],
  [61, 35_651_584, 2_353_004_544],
] as const;
const LEVEL_MAX = 62;
/** The bitstream says nothing of it: browsers send at most so many pictures a second. */
const PICTURES_A_SECOND = 60;

/** Primaries, transfer and matrix (ISO/IEC 23091-2) of a color_space (VP9 7.2.2). */
const COLORS: Readonly<Record<number, readonly [number, number, number]>> = {
  1: [6, 6, 6],
  2: [1, 1, 1],
  3: [6, 6, 6],
  4: [7, 7, 7],
  5: [9, 14, 9],
  7: [1, 13, 0],
};
const COLORS_UNKNOWN = [2, 2, 2] as const;

export function writeVpcConfig(header: Vp9Header): Uint8Array {
  const { profile, bitDepth, fullRange, colorSpace } = header;
  const samples = (bitDepth << 4) | (subsampling(header) << 1) | (fullRange ? 1 : 0);
  const colors = COLORS[colorSpace] ?? COLORS_UNKNOWN;
  return Uint8Array.of(1, 0, 0, 0, profile, levelOf(header), samples, ...colors, 0, 0);
}

export function vp9Codecs(header: Vp9Header): string {
  const numbers = [header.profile, levelOf(header), header.bitDepth];
  return `vp09.${numbers.map((number) => String(number).padStart(2, "0")).join(".")}`;
}

/** 4:2:0 with the colours beside the first sample, 4:2:2, 4:4:4; 4:4:0 has no number. */
function subsampling({ subsampledX, subsampledY }: Vp9Header): number {
  if (subsampledX && subsampledY) return 1;
  return subsampledX ? 2 : 3;
}

function levelOf({ width, height }: Vp9Header): number {
  const area = width * height;
  const found = LEVELS.find(
    ([, picture, second]) => area <= picture && area * PICTURES_A_SECOND <= second,
  );
  return found?.[0] ?? LEVEL_MAX;
}
