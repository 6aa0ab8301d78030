import { BitReader } from "../../wire/bits.ts";
import { H265_LAYOUT, H265Nal } from "../../wire/h265.ts";
import { H265Sets } from "./h265-sets.ts";
import { NalAssembly, type NalCoding, type UnitRole } from "./nal-assembly.ts";

/** Delimiter, end of sequence, end of bitstream, filler. */
const FILLER = 38;

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();
const slice = { first: false, ppsId: 0 };

const CODING: NalCoding = { layout: H265_LAYOUT, roleOf, isKey, readSlice };

/** Access units of H.265 (RFC 7798). `cached`: parameter sets that the ring has, as one RTP payload. */
export function h265Assembly(cached: () => Uint8Array | null): NalAssembly {
  return new NalAssembly(CODING, new H265Sets(), cached);
}

function roleOf(type: number, unit: Uint8Array): UnitRole {
  // H.265 7.4.2.2: decoders of one layer leave out those of others.
  const layer = ((unit[0]! & 1) << 5) | (unit[1]! >> 3);
  if (layer > 0) return "none";
  if (type <= H265Nal.vclLast) return "slice";
  if (type >= H265Nal.vps && type <= H265Nal.pps) return "set";
  return type >= H265Nal.delimiter && type <= FILLER ? "none" : "other";
}

function isKey(type: number): boolean {
  return type >= H265Nal.irapFirst && type <= H265Nal.irapLast;
}

/** H.265 7.3.6.1: first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag of IRAPs, PPS. */
function readSlice(unit: Uint8Array, type: number): typeof slice | null {
  bits.reset(unit, 2, unit.length - 2, true);
  slice.first = bits.bit() === 1;
  // With the two numbers that are reserved for more of them.
  if (type >= H265Nal.irapFirst && type <= H265Nal.irapLast + 2) bits.skip(1);
  slice.ppsId = bits.ue();
  return bits.overrun ? null : slice;
}
