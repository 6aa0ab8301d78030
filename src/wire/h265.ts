/**
 * H.265 payloads (RFC 7798 4.4): single NAL unit, aggregation packet and fragmentation unit, without
 * DONL (browsers never negotiate it).
 */
import { readH265Size } from "./h265-sps.ts";
import { type NalLayout, NalUnits } from "./nal-units.ts";
import { ParameterSet, type PayloadDescription } from "./payload-description.ts";

export const H265Nal = {
  /** 2..5: TSA and STSA, the points where temporal layers may be switched up to. */
  tsaFirst: 2,
  stsaLast: 5,
  /** 16..23: BLA, IDR, CRA and two reserved. */
  irapFirst: 16,
  idrFirst: 19,
  idrLast: 20,
  irapLast: 21,
  vclLast: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  delimiter: 35,
  prefixSei: 39,
  aggregation: 48,
  fragment: 49,
} as const;

/** The NAL header is |F| type (6) | layer (6) | TID + 1 (3) |. */
export const H265_LAYOUT: NalLayout = {
  headerBytes: 2,
  typeShift: 1,
  typeMask: 0x3f,
  typeFirst: 0,
  aggregation: H265Nal.aggregation,
  fragment: H265Nal.fragment,
  payloadBytesMin: 3,
};

const units = new NalUnits();

/** Fills `out` from one payload. False when it is no payload of the three forms. */
export function describeH265(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  units.reset(H265_LAYOUT, bytes, offset, length);
  if (units.malformed) return false;
  // RFC 7798 4.4.2, 4.4.3: payload headers carry the lowest TID of an AP, that of the unit in an FU.
  out.temporalId = Math.max(0, (bytes[offset + 1]! & 7) - 1);
  let irap = false;
  let idr = false;
  while (units.next(H265_LAYOUT)) {
    const type = units.type;
    if (type === H265Nal.vps) out.parameterSets |= ParameterSet.vps;
    if (type === H265Nal.pps) out.parameterSets |= ParameterSet.pps;
    if (type === H265Nal.sps) {
      out.parameterSets |= ParameterSet.sps;
      readH265Size(bytes, units.offset, units.length, out);
    }
    if (type <= H265Nal.vclLast) {
      // first_slice_segment_in_pic_flag is the first bit of the slice header.
      const first = units.length > 2 && (bytes[units.offset + 2]! & 0x80) !== 0;
      if (first) out.frameStart = true;
      if (first && type >= H265Nal.irapFirst && type <= H265Nal.irapLast) irap = true;
      if (first && type >= H265Nal.idrFirst && type <= H265Nal.idrLast) idr = true;
      if (type >= H265Nal.tsaFirst && type <= H265Nal.stsaLast) out.switchingPoint = true;
    } else if (type <= H265Nal.delimiter || type === H265Nal.prefixSei) {
      out.frameStart = true;
    }
  }
  const sets = out.parameterSets & (ParameterSet.sps | ParameterSet.vps);
  out.keyframe = irap || sets !== 0;
  out.idrWithoutSps = idr && (sets & ParameterSet.sps) === 0;
  return !units.malformed;
}
