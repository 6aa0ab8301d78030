/** NAL units of H.264 and H.265 payloads, joined to a frame as MP4 has it: behind 4-byte lengths. */
import { writeU32 } from "../../wire/bytes.ts";
import {
  FRAGMENT_END,
  FRAGMENT_HEADER_BYTES,
  FRAGMENT_START,
  type NalLayout,
  NalUnits,
  nalType,
} from "../../wire/nal-units.ts";
import { FrameBuffer } from "./frame-buffer.ts";

const LENGTH_BYTES = 4;
const LENGTH = new Uint8Array(LENGTH_BYTES);
/** RFC 6184 1.3, RFC 7798 1.1.4: the first bit of a header tells of a broken unit. */
const FORBIDDEN = 0x80;

/** Scratch of the one thread that runs this module: valid within one call only. */
const walker = new NalUnits();

/** What becomes of a unit: it belongs into the sample, or not, or makes the frame one to be dropped. */
export const UnitVerdict = { keep: 0, omit: 1, refuse: 2 } as const;
export type UnitVerdict = (typeof UnitVerdict)[keyof typeof UnitVerdict];

export class UnitJoiner {
  /** The frame so far. */
  readonly frame = new FrameBuffer();
  /** Type of the unit whose fragments come; -1 for none. */
  #type = -1;
  /** Where that unit's length stands in the frame. */
  #start = 0;

  /** `judge` gets every unit when it is whole: a view, valid within the call. */
  constructor(
    private readonly layout: NalLayout,
    private readonly judge: (type: number, unit: Uint8Array) => UnitVerdict,
  ) {}

  /** The last fragment of a unit has not come yet. */
  get open(): boolean {
    return this.#type >= 0;
  }

  /** Begins another frame. */
  clear(): void {
    this.frame.cut(0);
    this.#type = -1;
  }

  /** Takes one payload; false when it is malformed or refused, or the frame gets too long. */
  push(payload: Uint8Array): boolean {
    const { layout } = this;
    if (this.#continues(payload)) return this.open && this.#goOn(payload);
    if (this.open) return false;
    walker.reset(layout, payload, 0, payload.length);
    while (walker.next(layout)) {
      if (!this.#begin(payload)) return false;
      if (walker.complete && !this.#finish()) return false;
    }
    return !walker.malformed;
  }

  /** A fragment that is not a unit's first. */
  #continues(payload: Uint8Array): boolean {
    const { headerBytes, fragment } = this.layout;
    return (
      payload.length > headerBytes + FRAGMENT_HEADER_BYTES &&
      nalType(this.layout, payload[0]!) === fragment &&
      (payload[headerBytes]! & FRAGMENT_START) === 0
    );
  }

  #begin(payload: Uint8Array): boolean {
    const { typeFirst, aggregation, headerBytes } = this.layout;
    const { type, header, offset, length } = walker;
    // Aggregates and fragments hold units, never one another.
    if (type < typeFirst || type >= aggregation || (header & FORBIDDEN) !== 0) return false;
    this.#type = type;
    this.#start = this.frame.length;
    if (!this.frame.append(LENGTH, 0, LENGTH_BYTES)) return false;
    if (!this.frame.append(payload, offset, length)) return false;
    if (walker.complete) return true;
    // In front of a fragment's data stand other bytes than the unit's header.
    const unit = this.frame.view(this.#start + LENGTH_BYTES);
    unit[0] = header;
    for (let i = 1; i < headerBytes; i += 1) unit[i] = payload[i]!;
    return true;
  }

  #goOn(payload: Uint8Array): boolean {
    const { headerBytes, typeMask } = this.layout;
    const fragment = payload[headerBytes]!;
    if ((fragment & typeMask) !== this.#type) return false;
    const offset = headerBytes + FRAGMENT_HEADER_BYTES;
    if (!this.frame.append(payload, offset, payload.length - offset)) return false;
    return (fragment & FRAGMENT_END) === 0 || this.#finish();
  }

  #finish(): boolean {
    const bytes = this.frame.view(this.#start);
    writeU32(bytes, 0, bytes.length - LENGTH_BYTES);
    const verdict = this.judge(this.#type, bytes.subarray(LENGTH_BYTES));
    if (verdict !== UnitVerdict.keep) this.frame.cut(this.#start);
    this.#type = -1;
    return verdict !== UnitVerdict.refuse;
  }
}
