import { BitReader } from "../../wire/bits.ts";
import { H264_LAYOUT, H264Nal } from "../../wire/h264.ts";
import { H264Sets } from "./h264-sets.ts";
import { NalAssembly, type NalCoding, type UnitRole } from "./nal-assembly.ts";

/** Scratch of the one thread that runs this module: valid within one call only. */
const bits = new BitReader();
const slice = { first: false, ppsId: 0 };

const CODING: NalCoding = {
  layout: H264_LAYOUT,
  roleOf,
  isKey: (type) => type === H264Nal.idr,
  readSlice,
};

/** Access units of H.264 (RFC 6184). `cached`: parameter sets that the ring has, as one RTP payload. */
export function h264Assembly(cached: () => Uint8Array | null): NalAssembly {
  return new NalAssembly(CODING, new H264Sets(), cached);
}

function roleOf(type: number): UnitRole {
  if (type >= H264Nal.slice && type <= H264Nal.idr) return "slice";
  if (type === H264Nal.sps || type === H264Nal.pps) return "set";
  return type === H264Nal.delimiter || type === H264Nal.filler ? "none" : "other";
}

/** H.264 7.3.3: first_mb_in_slice, slice_type, pic_parameter_set_id. */
function readSlice(unit: Uint8Array): typeof slice | null {
  bits.reset(unit, 1, unit.length - 1, true);
  slice.first = bits.ue() === 0;
  bits.ue();
  slice.ppsId = bits.ue();
  return bits.overrun ? null : slice;
}
