/**
 * H.264 payloads (RFC 6184 5.2 - 5.8): single NAL unit, STAP-A and FU-A, the three that WebRTC uses.
 * The NAL header is |F|NRI (2)| type (5)|.
 */
import { readU16 } from "./bytes.ts";
import { readH264Size } from "./h264-sps.ts";
import { ParameterSet, type PayloadDescription } from "./payload-description.ts";

// Above the classes: an instance of this module's own is made while it loads.
const EMPTY = new Uint8Array(0);

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

/**
 * Walks the NAL units that begin in one payload:
 * `units.reset(bytes, offset, length); while (units.next()) ... units.type, units.offset`.
 */
export class H264Units {
  type = 0;
  /** The NAL header byte; in an FU-A the one that the receiver puts together. */
  header = 0;
  /** Absolute offset of the NAL header. In an FU-A there is none: the byte in front of the data. */
  offset = 0;
  /** With the header byte; of an FU-A only the part that is in this packet. */
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
    this.malformed = length < 1;
    this.#aggregated = length >= 1 && (bytes[offset]! & 0x1f) === H264Nal.stapA;
    this.#position = this.#aggregated ? offset + 1 : offset;
    // An aggregate without a unit is as broken as an empty payload.
    if (this.#aggregated && length < 4) this.malformed = true;
  }

  next(): boolean {
    if (this.malformed || this.#position >= this.#end) return false;
    if (this.#aggregated) return this.#nextAggregated();
    const offset = this.#position;
    this.#position = this.#end;
    const header = this.#bytes[offset]!;
    const type = header & 0x1f;
    if (type >= 1 && type < H264Nal.stapA) {
      return this.#take(header, offset, this.#end - offset, true);
    }
    if (type !== H264Nal.fuA || this.#end - offset < 3) return this.#fail();
    // RFC 6184 5.8: FU header |S|E|R| type (5)|. Only a start begins a unit.
    const fragment = this.#bytes[offset + 1]!;
    if ((fragment & 0x80) === 0) return false;
    // S and E together are forbidden.
    if ((fragment & 0x40) !== 0) return this.#fail();
    const whole = (header & 0xe0) | (fragment & 0x1f);
    return this.#take(whole, offset + 1, this.#end - offset - 1, false);
  }

  #nextAggregated(): boolean {
    if (this.#position + 3 > this.#end) return this.#fail();
    const length = readU16(this.#bytes, this.#position);
    const offset = this.#position + 2;
    if (length === 0 || offset + length > this.#end) return this.#fail();
    this.#position = offset + length;
    return this.#take(this.#bytes[offset]!, offset, length, true);
  }

  #take(header: number, offset: number, length: number, complete: boolean): boolean {
    this.header = header;
    this.type = header & 0x1f;
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

const units = new H264Units();

/** Fills `out` from one payload. False when it is no payload of the three forms. */
export function describeH264(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: PayloadDescription,
): boolean {
  units.reset(bytes, offset, length);
  let idr = false;
  while (units.next()) {
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
