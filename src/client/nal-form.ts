/** Frames of H.264 and H.265: one layout, and parameter sets in front of every keyframe. */
import { BitReader } from "../wire/bits.ts";
import { joinUnits, splitUnits } from "../wire/frame-units.ts";
import { H264_LAYOUT, H264Nal } from "../wire/h264.ts";
import { H265_LAYOUT, H265Nal } from "../wire/h265.ts";
import { readH265SpsId } from "../wire/h265-sps.ts";
import { type NalLayout, nalType } from "../wire/nal-units.ts";
import type { DecoderRecord } from "./decoder-record.ts";
import type { FormedFrame, FrameForm } from "./frame-form.ts";

/** What differs between the two codecs. */
interface NalCodec {
  readonly layout: NalLayout;
  /** Types of the parameter sets, in the order in which they must be sent. */
  readonly sets: readonly number[];
  readonly idOf: (unit: Uint8Array, type: number) => number;
  /** Whether a picture that begins with this slice can be decoded by itself. */
  readonly isKey: (type: number, unit: Uint8Array, marked: boolean) => boolean;
  readonly isSlice: (type: number) => boolean;
}

const bits = new BitReader();

const H264: NalCodec = {
  layout: H264_LAYOUT,
  sets: [H264Nal.sps, H264Nal.pps],
  idOf: (unit, type) => {
    // 7.3.2.1.1: an SPS has profile, constraints and level in front of its id.
    const offset = type === H264Nal.sps ? 4 : 1;
    bits.reset(unit, offset, unit.length - offset, true);
    return bits.ue();
  },
  isKey: (type, unit, marked) =>
    type === H264Nal.idr || (marked && type === H264Nal.slice && isIntraSlice(unit)),
  isSlice: (type) => type >= H264Nal.slice && type <= H264Nal.idr,
};

const H265: NalCodec = {
  layout: H265_LAYOUT,
  sets: [H265Nal.vps, H265Nal.sps, H265Nal.pps],
  idOf: (unit, type) => {
    if (type === H265Nal.sps) return readH265SpsId(unit);
    bits.reset(unit, 2, unit.length - 2, true);
    return type === H265Nal.vps ? bits.bits(4) : bits.ue();
  },
  isKey: (type) => type >= H265Nal.irapFirst && type <= H265Nal.irapLast,
  isSlice: (type) => type <= H265Nal.vclLast,
};

/**
 * H.264 7.4.3: slice_type 2, 4, 7 or 9. With a recovery point the container marks pictures that are
 * no IDR; where it marks every picture (a missing stss box), those with predictions are none.
 */
function isIntraSlice(unit: Uint8Array): boolean {
  bits.reset(unit, 1, unit.length - 1, true);
  bits.ue(); // first_mb_in_slice
  const type = bits.ue();
  return [2, 4, 7, 9].includes(type);
}

export class NalForm implements FrameForm {
  readonly #codec: NalCodec;
  readonly #record: DecoderRecord;
  /** The newest set of each type and id: those of the container until a frame brings another. */
  readonly #sets = new Map<string, Uint8Array>();

  constructor(codec: "h264" | "h265", record: DecoderRecord) {
    this.#codec = codec === "h264" ? H264 : H265;
    this.#record = record;
    this.reset();
  }

  reset(): void {
    this.#sets.clear();
    for (const unit of this.#record.sets) this.#keep(unit);
  }

  form(frame: Uint8Array, marked: boolean): FormedFrame | string {
    const units = splitUnits(frame, this.#record.lengthBytes);
    if (units === null) return "its units do not fit their lengths";
    const slice = units.find((unit) => this.#codec.isSlice(this.#typeOf(unit)));
    if (slice === undefined) return "it has no picture in it";
    const own = new Set<string>();
    for (const unit of units) {
      const key = this.#keep(unit);
      if (key !== null) own.add(key);
    }
    if (!this.#codec.isKey(this.#typeOf(slice), slice, marked)) {
      return { data: this.#layOut(frame, units), key: false };
    }
    const missing = this.#missing(own);
    if (missing === null) return "its parameter sets are missing";
    const data =
      missing.length === 0 ? this.#layOut(frame, units) : joinUnits([...missing, ...units]);
    return { data, key: true };
  }

  #typeOf(unit: Uint8Array): number {
    return nalType(this.#codec.layout, unit[0]!);
  }

  /** Remembers a parameter set; returns its name, null for other units. */
  #keep(unit: Uint8Array): string | null {
    const type = this.#typeOf(unit);
    if (!this.#codec.sets.includes(type)) return null;
    const key = `${type}/${this.#codec.idOf(unit, type)}`;
    // A copy: the frame's memory is not ours.
    this.#sets.set(key, unit.slice());
    return key;
  }

  /** The sets that a keyframe with its `own` lacks, in order; null when a type is not known at all. */
  #missing(own: ReadonlySet<string>): Uint8Array[] | null {
    const missing: Uint8Array[] = [];
    for (const type of this.#codec.sets) {
      const known = [...this.#sets].filter(([key]) => key.startsWith(`${type}/`));
      if (known.length === 0) return null;
      for (const [key, unit] of known) if (!own.has(key)) missing.push(unit);
    }
    return missing;
  }

  #layOut(frame: Uint8Array, units: readonly Uint8Array[]): Uint8Array {
    return this.#record.lengthBytes === 4 ? frame : joinUnits(units);
  }
}
