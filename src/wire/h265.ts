/**
 * H.265 payloads (RFC 7798 4.4): single NAL unit, aggregation packet and fragmentation unit, without
 * DONL (browsers never negotiate it). The NAL header is |F| type (6) | layer (6) | TID + 1 (3) |.
 */
import { readU16 } from "./bytes.ts";
import { readH265Size } from "./h265-sps.ts";
import { ParameterSet, type PayloadDescription } from "./payload-description.ts";

// Above the classes: an instance of this module's own is made while it loads.
const EMPTY = new Uint8Array(0);

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

/** Walks the NAL units that begin in one payload, like `H264Units`. */
export class H265Units {
  type = 0;
  /** Absolute offset of the two header bytes; in an FU the two bytes in front of the data. */
  offset = 0;
  /** With two header bytes; of an FU only the part that is in this packet. */
  length = 0;
  /** The unit ends in this packet. */
  complete = false;
  malformed = false;
  #bytes: Uint8Array = EMPTY;
  #position = 0;
  #end = 0;
  #aggregated = false;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#end = offset + length;
    this.malformed = length < 3;
    this.#aggregated = !this.malformed && nalType(bytes, offset) === H265Nal.aggregation;
    this.#position = this.#aggregated ? offset + 2 : offset;
    if (this.#aggregated && length < 6) this.malformed = true;
  }

  next(): boolean {
    if (this.malformed || this.#position >= this.#end) return false;
    if (this.#aggregated) return this.#nextAggregated();
    const offset = this.#position;
    this.#position = this.#end;
    const type = nalType(this.#bytes, offset);
    if (type < H265Nal.aggregation) return this.#take(type, offset, this.#end - offset, true);
    if (type !== H265Nal.fragment || this.#end - offset < 4) return this.#fail();
    // RFC 7798 4.4.3: FU header |S|E| type (6)|. Only a start begins a unit.
    const fragment = this.#bytes[offset + 2]!;
    if ((fragment & 0x80) === 0) return false;
    if ((fragment & 0x40) !== 0) return this.#fail();
    return this.#take(fragment & 0x3f, offset + 1, this.#end - offset - 1, false);
  }

  #nextAggregated(): boolean {
    if (this.#position + 4 > this.#end) return this.#fail();
    const length = readU16(this.#bytes, this.#position);
    const offset = this.#position + 2;
    if (length < 2 || offset + length > this.#end) return this.#fail();
    this.#position = offset + length;
    return this.#take(nalType(this.#bytes, offset), offset, length, true);
  }

  #take(type: number, offset: number, length: number, complete: boolean): boolean {
    this.type = type;
    this.offset = offset;
    this.length = length;
    this.complete = complete;
    return true;
  }

  #fail(): false {
    this.malformed = true;
    return false;
  }
}

const units = new H265Units();

/** Fills `out` from one payload. False when it is no payload of the three forms. */
export function describeH265(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  units.reset(bytes, offset, length);
  if (units.malformed) return false;
  // RFC 7798 4.4.2, 4.4.3: payload headers carry the lowest TID of an AP, that of the unit in an FU.
  out.temporalId = Math.max(0, (bytes[offset + 1]! & 7) - 1);
  let irap = false;
  let idr = false;
  while (units.next()) {
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

function nalType(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! >> 1) & 0x3f;
}
