import { readU16, sameRun, writeU16 } from "../wire/bytes.ts";
import { Codec, type CodecId } from "../wire/codecs.ts";
import { H264_LAYOUT, H264Nal } from "../wire/h264.ts";
import { H265_LAYOUT, H265Nal } from "../wire/h265.ts";
import { type NalLayout, NalUnits } from "../wire/nal-units.ts";

/** How one of the two codecs has its parameter sets. */
interface SetForm {
  readonly layout: NalLayout;
  /** Types of the sets that may begin a new collection. */
  readonly first: readonly number[];
  /** The type of those that only join one. */
  readonly pps: number;
  /** Begins a payload that holds several. */
  readonly header: readonly number[];
  /** Format parameters of SDP that carry sets: base64, by commas. */
  readonly parameters: readonly string[];
}

/** RFC 6184 5.7.1: STAP-A, nal_ref_idc 3; 8.1. */
const H264_SETS: SetForm = {
  layout: H264_LAYOUT,
  first: [H264Nal.sps],
  pps: H264Nal.pps,
  header: [0x78],
  parameters: ["sprop-parameter-sets"],
};

/** RFC 7798 4.4.2: AP, layer 0, TID 0; 7.1. */
const H265_SETS: SetForm = {
  layout: H265_LAYOUT,
  first: [H265Nal.vps, H265Nal.sps],
  pps: H265Nal.pps,
  header: [H265Nal.aggregation << 1, 1],
  parameters: ["sprop-vps", "sprop-sps", "sprop-pps"],
};

/** Scratch of the one thread that runs this module: valid within one call only. */
const units = new NalUnits();

/**
 * The newest parameter sets of one H.264 or H.265 track, kept as one RTP payload (STAP-A or AP), to
 * be sent in front of IDRs that come without. A frame with an SPS or VPS begins a new collection.
 */
export class ParameterSets {
  /** Rises whenever `payload` changes. */
  version = 0;
  readonly #bytes: Uint8Array;
  /** Null for codecs without sets. */
  #form: SetForm | null = null;
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
    this.#form = formOf(codec);
    this.#length = 0;
    this.#timestamp = -1;
    if (this.#form === null) return;
    const { header, parameters } = this.#form;
    for (const unit of spropUnits(parameters, fmtp)) this.#append(header, unit, 0, unit.length);
  }

  /** Takes the sets out of a payload that is known to carry some. */
  note(bytes: Uint8Array, offset: number, length: number, timestamp: number): void {
    if (this.#form === null) return;
    const { layout, first, pps, header } = this.#form;
    units.reset(layout, bytes, offset, length);
    while (units.next(layout)) {
      if (!units.complete) continue;
      const begins = first.includes(units.type);
      if (!begins && units.type !== pps) continue;
      if (this.#holds(header, bytes, units.offset, units.length)) continue;
      if (begins && timestamp !== this.#timestamp) {
        this.#timestamp = timestamp;
        this.#length = 0;
      }
      this.#append(header, bytes, units.offset, units.length);
    }
  }

  /** A set that does not fit is left out: the decoder then waits for the encoder's own. */
  #append(header: readonly number[], bytes: Uint8Array, offset: number, length: number): void {
    const start = this.#length === 0 ? header.length : this.#length;
    if (start + 2 + length > this.#bytes.length) return;
    if (this.#length === 0) this.#bytes.set(header, 0);
    writeU16(this.#bytes, start, length);
    this.#bytes.set(bytes.subarray(offset, offset + length), start + 2);
    this.#length = start + 2 + length;
    this.version += 1;
  }

  /** True when the same unit stands in the collection already. */
  #holds(header: readonly number[], bytes: Uint8Array, offset: number, length: number): boolean {
    let position = header.length;
    while (position < this.#length) {
      const held = readU16(this.#bytes, position);
      position += 2;
      if (held === length && sameRun(this.#bytes, position, bytes, offset, length)) return true;
      position += held;
    }
    return false;
  }
}

function formOf(codec: CodecId): SetForm | null {
  if (codec === Codec.h264) return H264_SETS;
  return codec === Codec.h265 ? H265_SETS : null;
}

/** The sets that SDP format parameters carry, in the order of their names. */
function spropUnits(parameters: readonly string[], fmtp: string): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (const name of parameters) {
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
