import { SlotFlag } from "../../ring/layout.ts";
import { type NalLayout, NalUnits } from "../../wire/nal-units.ts";
import type { VideoFormat } from "../format.ts";
import type { Assembly } from "./assembly.ts";
import { UnitJoiner, UnitVerdict } from "./unit-joiner.ts";

/** In what the frames of H.264 and H.265 differ. */
export interface NalCoding {
  readonly layout: NalLayout;
  /** What a unit is, by its type and its header. */
  readonly roleOf: (type: number, unit: Uint8Array) => UnitRole;
  /** A decoder can begin with pictures of such slices. */
  readonly isKey: (type: number) => boolean;
  /** What a slice says of its picture; null when it is cut short. Valid until the next call. */
  readonly readSlice: (unit: Uint8Array, type: number) => Slice | null;
}

/** A set of parameters, a slice of a picture, what goes with one, and what no sample has. */
export type UnitRole = "set" | "slice" | "other" | "none";

export interface Slice {
  /** It is the first of its picture. */
  readonly first: boolean;
  readonly ppsId: number;
}

/** The parameter sets of an encoder, and the format that they come to. */
export interface Sets {
  note(type: number, unit: Uint8Array): void;
  format(ppsId: number): VideoFormat | null;
}

/** Scratch of the one thread that runs this module: valid within one call only. */
const walker = new NalUnits();

/** Access units of H.264 or H.265: parameter sets, delimiters and filler stay out of the samples. */
export class NalAssembly implements Assembly {
  readonly unfit = null;
  hasPicture = false;
  key = false;
  readonly #units: UnitJoiner;
  /** Its beginning may be missing. */
  #torn = false;
  /** It comes without the parameter sets that it needs. */
  #naked = false;
  #ppsId = 0;

  /** `cached`: the parameter sets that the ring has, as one RTP payload; null for none. */
  constructor(
    private readonly coding: NalCoding,
    private readonly sets: Sets,
    private readonly cached: () => Uint8Array | null,
  ) {
    this.#units = new UnitJoiner(coding.layout, (type, unit) => this.#judge(type, unit));
  }

  get open(): boolean {
    return this.#units.open;
  }

  begin(torn: boolean): void {
    this.#units.clear();
    this.#torn = torn;
    this.#naked = false;
    this.hasPicture = false;
    this.key = false;
  }

  push(payload: Uint8Array, flags: number): boolean {
    if ((flags & SlotFlag.needsParameterSets) !== 0) this.#naked = true;
    return this.#units.push(payload);
  }

  take(): Uint8Array {
    this.hasPicture = false;
    return this.#units.frame.take();
  }

  /** Sets that came with pictures first, then those that came another way. */
  format(): VideoFormat | null {
    const format = this.#naked ? null : this.sets.format(this.#ppsId);
    if (format !== null) return format;
    const cached = this.cached();
    if (cached !== null) this.#noteCached(cached);
    return this.sets.format(this.#ppsId);
  }

  #judge(type: number, unit: Uint8Array): UnitVerdict {
    const role = this.coding.roleOf(type, unit);
    if (role === "none") return UnitVerdict.omit;
    if (role === "set") {
      this.sets.note(type, unit);
      return UnitVerdict.omit;
    }
    if (role === "other" || this.hasPicture) return UnitVerdict.keep;
    const slice = this.coding.readSlice(unit, type);
    // Behind a hole the first slice that came need not be the picture's first.
    if (slice === null || (this.#torn && !slice.first)) return UnitVerdict.refuse;
    this.hasPicture = true;
    this.key = this.coding.isKey(type);
    this.#ppsId = slice.ppsId;
    return UnitVerdict.keep;
  }

  #noteCached(payload: Uint8Array): void {
    const { layout, roleOf } = this.coding;
    walker.reset(layout, payload, 0, payload.length);
    while (walker.next(layout)) {
      const unit = payload.subarray(walker.offset, walker.offset + walker.length);
      if (walker.complete && roleOf(walker.type, unit) === "set") this.sets.note(walker.type, unit);
    }
  }
}
