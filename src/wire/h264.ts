/** H.264 payloads (RFC 6184 5.2 - 5.8): single NAL unit, STAP-A and FU-A, the three that WebRTC uses. */
import { readH264Size } from "./h264-sps.ts";
import { type NalLayout, NalUnits } from "./nal-units.ts";
import { ParameterSet, type PayloadDescription } from "./payload-description.ts";

export const H264Nal = {
  slice: 1,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  filler: 12,
  stapA: 24,
  fuA: 28,
} as const;

/** The NAL header is |F|NRI (2)| type (5)|. */
export const H264_LAYOUT: NalLayout = {
  headerBytes: 1,
  typeShift: 0,
  typeMask: 0x1f,
  typeFirst: 1,
  aggregation: H264Nal.stapA,
  fragment: H264Nal.fuA,
  payloadBytesMin: 1,
};

const units = new NalUnits();

/** Fills `out` from one payload. False when it is no payload of the three forms. */
export function describeH264(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  units.reset(H264_LAYOUT, bytes, offset, length);
  let idr = false;
  while (units.next(H264_LAYOUT)) {
    const type = units.type;
    if (type === H264Nal.sps) {
      out.parameterSets |= ParameterSet.sps;
      readH264Size(bytes, units.offset, units.length, out);
    } else if (type === H264Nal.pps) {
      out.parameterSets |= ParameterSet.pps;
    } else if (type === H264Nal.slice || type === H264Nal.idr) {
      // first_mb_in_slice is the first number of the slice header: 0 is a single set bit.
      const first = units.length > 1 && (bytes[units.offset + 1]! & 0x80) !== 0;
      if (first) out.frameStart = true;
      if (first && type === H264Nal.idr) idr = true;
    }
    // H.264 7.4.1.2.3: delimiter, SPS, PPS and SEI come in front of a picture.
    if (type >= H264Nal.sei && type <= H264Nal.delimiter) out.frameStart = true;
  }
  out.keyframe = idr || (out.parameterSets & ParameterSet.sps) !== 0;
  out.idrWithoutSps = idr && (out.parameterSets & ParameterSet.sps) === 0;
  return !units.malformed;
}
