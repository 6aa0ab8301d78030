/** AV1 temporal units: the sequence header in front of every keyframe, and nowhere else. */
import { ObuType } from "../wire/av1.ts";
import { joined, sameBytes } from "../wire/bytes.ts";
import { splitObus } from "../wire/obus.ts";
import type { FormedFrame, FrameForm } from "./frame-form.ts";

/** av1C 2.3.3: marker and version, profile and level, flags, delay; then OBUs. */
const RECORD_HEADER_BYTES = 4;

export class Av1Form implements FrameForm {
  readonly #stated: Uint8Array | null;
  /** The newest sequence header, as a unit with its size. */
  #sequence: Uint8Array | null;

  /** `record` is av1C or CodecPrivate, if there is one. */
  constructor(record: Uint8Array | null) {
    const units = splitObus(record?.subarray(RECORD_HEADER_BYTES) ?? new Uint8Array(0)) ?? [];
    this.#stated = units.find(({ type }) => type === ObuType.sequenceHeader)?.bytes ?? null;
    this.#sequence = this.#stated;
  }

  reset(): void {
    this.#sequence = this.#stated;
  }

  form(frame: Uint8Array): FormedFrame | string {
    const units = splitObus(frame);
    if (units === null) return "its units do not fit their lengths";
    const picture = units.find(
      ({ type }) => type === ObuType.frame || type === ObuType.frameHeader,
    );
    if (picture === undefined) return "it has no picture in it";
    const header = units.find(({ type }) => type === ObuType.sequenceHeader) ?? null;
    const key = isKeyframe(picture.payload);
    const fresh = header !== null && !sameBytes(header.bytes, this.#sequence);
    if (header !== null) this.#sequence = header.bytes.slice();
    if (key && header === null) {
      if (this.#sequence === null) return "its sequence header is missing";
      return { data: joined([this.#sequence, frame]), key };
    }
    // A header that only repeats itself between keyframes would make the frame look like one.
    if (key || header === null || fresh) return { data: frame, key: key || fresh };
    const others = units.filter(({ type }) => type !== ObuType.sequenceHeader);
    return { data: joined(others.map(({ bytes }) => bytes)), key };
  }
}

/** 5.9.2: show_existing_frame, frame_type (2); KEY_FRAME is 0. */
function isKeyframe(payload: Uint8Array): boolean {
  return payload.length > 0 && payload[0]! >> 5 === 0;
}
