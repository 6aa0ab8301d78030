/**
 * The NAL units in RTP payloads of H.264 (RFC 6184 5.2 - 5.8) and H.265 (RFC 7798 4.4). Both know the
 * same three forms: a single unit, an aggregate of several, and a fragment of one.
 */
import { readU16 } from "./bytes.ts";

// Above the class: instances are made while modules load.
const EMPTY = new Uint8Array(0);
/** In front of each unit of an aggregate. */
const LENGTH_BYTES = 2;
/** |S|E| ... type|: between a fragment's header and its data. */
export const FRAGMENT_HEADER_BYTES = 1;
/** The first and the last fragment of a unit. */
export const FRAGMENT_START = 0x80;
export const FRAGMENT_END = 0x40;

/** In what the two codecs differ. A header's first byte has the type. */
export interface NalLayout {
  /** Of a unit, and of a payload that holds several or a part of one. */
  readonly headerBytes: number;
  readonly typeShift: number;
  readonly typeMask: number;
  /** Units have types from this one on, below `aggregation`. */
  readonly typeFirst: number;
  /** The types of payloads that hold several units, or a part of one. */
  readonly aggregation: number;
  readonly fragment: number;
  readonly payloadBytesMin: number;
}

/** The type that the first byte of a header tells. */
export function nalType(layout: NalLayout, header: number): number {
  return (header >> layout.typeShift) & layout.typeMask;
}

/** The first byte of a header, with another type. */
export function withNalType(layout: NalLayout, header: number, type: number): number {
  return (header & ~(layout.typeMask << layout.typeShift)) | (type << layout.typeShift);
}

/**
 * Walks the NAL units that begin in one payload: `units.reset(LAYOUT, bytes, offset, length);
 * while (units.next(LAYOUT)) ... units.type, units.offset`. With a constant for the layout the compiler
 * makes of it a walk for that codec alone; from a field the layout cost 2 ns a packet.
 */
export class NalUnits {
  type = 0;
  /** The header's first byte; in a fragment the one that the receiver puts together. */
  header = 0;
  /** Absolute offset of the header. In a fragment there is none: as many bytes in front of the data. */
  offset = 0;
  /** With the header; of a fragment only the part that is in this packet. */
  length = 0;
  /** The unit ends in this packet. */
  complete = false;
  malformed = false;
  #bytes: Uint8Array = EMPTY;
  /** The payload's own type: its unit's, or that of an aggregate or a fragment. */
  #form = 0;
  #position = 0;
  #end = 0;

  reset(layout: NalLayout, bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#position = offset;
    this.#end = offset + length;
    this.malformed = length < layout.payloadBytesMin;
    if (this.malformed) return;
    this.#form = nalType(layout, bytes[offset]!);
    if (this.#form !== layout.aggregation) return;
    const { headerBytes } = layout;
    this.#position += headerBytes;
    // An aggregate without a unit is as broken as an empty payload.
    this.malformed = length < 2 * headerBytes + LENGTH_BYTES;
  }

  next(layout: NalLayout): boolean {
    const offset = this.#position;
    const length = this.#end - offset;
    if (this.malformed || length <= 0) return false;
    const form = this.#form;
    if (form === layout.aggregation) return this.#nextAggregated(layout, offset);
    this.#position = this.#end;
    const header = this.#bytes[offset]!;
    if (form >= layout.typeFirst && form < layout.aggregation) {
      return this.#take(header, form, offset, length, true);
    }
    const { headerBytes } = layout;
    if (form !== layout.fragment || length <= headerBytes + FRAGMENT_HEADER_BYTES) {
      return this.#fail();
    }
    const fragment = this.#bytes[offset + headerBytes]!;
    // Only a start begins a unit.
    if ((fragment & FRAGMENT_START) === 0) return false;
    // A start that is an end as well is forbidden.
    if ((fragment & FRAGMENT_END) !== 0) return this.#fail();
    const type = fragment & layout.typeMask;
    const whole = withNalType(layout, header, type);
    const at = offset + FRAGMENT_HEADER_BYTES;
    return this.#take(whole, type, at, length - FRAGMENT_HEADER_BYTES, false);
  }

  #nextAggregated(layout: NalLayout, position: number): boolean {
    const offset = position + LENGTH_BYTES;
    if (offset + layout.headerBytes > this.#end) return this.#fail();
    const length = readU16(this.#bytes, position);
    if (length < layout.headerBytes || offset + length > this.#end) return this.#fail();
    this.#position = offset + length;
    const header = this.#bytes[offset]!;
    return this.#take(header, nalType(layout, header), offset, length, true);
  }

  #take(header: number, type: number, offset: number, length: number, complete: boolean): boolean {
    this.header = header;
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
