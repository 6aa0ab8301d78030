import { Codec, type CodecId } from "../wire/codecs.ts";
import { H264Nal, H264Units } from "../wire/h264.ts";
import { H265Nal, H265Units } from "../wire/h265.ts";

/** RFC 6184 5.7.1: STAP-A, nal_ref_idc 3. RFC 7798 4.4.2: AP, layer 0, TID 0. */
const H264_HEADER = [0x78];
const H265_HEADER = [H265Nal.aggregation << 1, 1];

/**
 * The newest parameter sets of one H.264 or H.265 track, kept as one RTP payload (STAP-A or AP), to
 * be sent in front of IDRs that come without. A frame with an SPS or VPS begins a new collection.
 */
export class ParameterSets {
  /** Rises whenever `payload` changes. */
  version = 0;
  readonly #bytes: Uint8Array;
  readonly #h264 = new H264Units();
  readonly #h265 = new H265Units();
  #codec: CodecId = Codec.none;
  #length = 0;
  #timestamp = -1;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  /** The sets as one RTP payload; empty when there are none. A view, valid until the next call. */
  get payload(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew for a codec, with the sets that its SDP format parameters carry, if any. */
  reset(codec: CodecId, fmtp: string): void {
    if (this.#length > 0) this.version += 1;
    this.#codec = codec;
    this.#length = 0;
    this.#timestamp = -1;
    for (const unit of spropUnits(codec, fmtp)) this.#append(unit, 0, unit.length);
  }

  /** Takes the sets out of a payload that is known to carry some. */
  note(bytes: Uint8Array, offset: number, length: number, timestamp: number): void {
    if (this.#codec === Codec.h264) this.#noteH264(bytes, offset, length, timestamp);
    else if (this.#codec === Codec.h265) this.#noteH265(bytes, offset, length, timestamp);
  }

  #noteH264(bytes: Uint8Array, offset: number, length: number, timestamp: number): void {
    const units = this.#h264;
    units.reset(bytes, offset, length);
    while (units.next()) {
      if (!units.complete) continue;
      const first = units.type === H264Nal.sps;
      if (first || units.type === H264Nal.pps) {
        this.#keep(bytes, units.offset, units.length, timestamp, first);
      }
    }
  }

  #noteH265(bytes: Uint8Array, offset: number, length: number, timestamp: number): void {
    const units = this.#h265;
    units.reset(bytes, offset, length);
    while (units.next()) {
      if (!units.complete) continue;
      const first = units.type === H265Nal.vps || units.type === H265Nal.sps;
      if (first || units.type === H265Nal.pps) {
        this.#keep(bytes, units.offset, units.length, timestamp, first);
      }
    }
  }

  #keep(
    bytes: Uint8Array,
    offset: number,
    length: number,
    timestamp: number,
    first: boolean,
  ): void {
    if (this.#holds(bytes, offset, length)) return;
    if (first && timestamp !== this.#timestamp) {
      this.#timestamp = timestamp;
      this.#length = 0;
    }
    this.#append(bytes, offset, length);
  }

  /** A set that does not fit is left out: the decoder then waits for the encoder's own. */
  #append(bytes: Uint8Array, offset: number, length: number): void {
    const header = this.#codec === Codec.h265 ? H265_HEADER : H264_HEADER;
    const start = this.#length === 0 ? header.length : this.#length;
    if (start + 2 + length > this.#bytes.length) return;
    if (this.#length === 0) this.#bytes.set(header, 0);
    this.#bytes[start] = length >> 8;
    this.#bytes[start + 1] = length;
    this.#bytes.set(bytes.subarray(offset, offset + length), start + 2);
    this.#length = start + 2 + length;
    this.version += 1;
  }

  /** True when the same unit stands in the collection already. */
  #holds(bytes: Uint8Array, offset: number, length: number): boolean {
    let position = this.#codec === Codec.h265 ? H265_HEADER.length : H264_HEADER.length;
    while (position < this.#length) {
      const held = (this.#bytes[position]! << 8) | this.#bytes[position + 1]!;
      position += 2;
      if (held === length && equal(this.#bytes, position, bytes, offset, length)) return true;
      position += held;
    }
    return false;
  }
}

function equal(
  left: Uint8Array,
  leftOffset: number,
  right: Uint8Array,
  rightOffset: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i += 1) {
    if (left[leftOffset + i] !== right[rightOffset + i]) return false;
  }
  return true;
}

/** RFC 6184 8.1 sprop-parameter-sets; RFC 7798 7.1 sprop-vps, -sps and -pps: base64, by commas. */
function spropUnits(codec: CodecId, fmtp: string): Uint8Array[] {
  const names =
    codec === Codec.h264
      ? ["sprop-parameter-sets"]
      : codec === Codec.h265
        ? ["sprop-vps", "sprop-sps", "sprop-pps"]
        : [];
  const units: Uint8Array[] = [];
  for (const name of names) {
    for (const parameter of fmtp.split(";")) {
      const [key, ...rest] = parameter.trim().split("=");
      if (key?.toLowerCase() !== name) continue;
      for (const text of rest.join("=").split(",")) {
        const unit = new Uint8Array(Buffer.from(text.trim(), "base64"));
        if (unit.length > 1) units.push(unit);
      }
    }
  }
  return units;
}
