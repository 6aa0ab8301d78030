/**
 * H.264 parameter sets out of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1):
 *
 *  | version 1 | profile | compat | level | 111111 lengthSizeMinusOne (2) | 111 SPS count (5) |
 *  then per SPS: length (16), bytes; PPS count (8); per PPS: length (16), bytes
 *
 * MP4 keeps them outside the frames; a receiver that joins needs them in front of every keyframe.
 */
import { readU16, writeU32 } from "../wire/bytes.ts";

const NAL_TYPE_MASK = 0x1f;
const NAL_SPS = 7;
const HEADER_BYTES = 6;

export class ParameterSets {
  /** Each set behind its 4-byte length: the layout of the frames. */
  private constructor(private readonly prefix: Uint8Array) {}

  /** Null when the record is cut short or its frames do not have 4-byte lengths. */
  static read(record: Uint8Array): ParameterSets | null {
    if (record.length < HEADER_BYTES + 1 || record[0] !== 1 || (record[4]! & 3) !== 3) return null;
    const units: Uint8Array[] = [];
    let position = HEADER_BYTES - 1;
    for (const mask of [0x1f, 0xff]) {
      if (position >= record.length) return null;
      let count = record[position]! & mask;
      position += 1;
      for (; count > 0; count -= 1) {
        if (position + 2 > record.length) return null;
        const length = readU16(record, position);
        position += 2;
        if (length === 0 || position + length > record.length) return null;
        units.push(record.subarray(position, position + length));
        position += length;
      }
    }
    return units.length === 0 ? null : new ParameterSets(withLengths(units));
  }

  /** The frame, with the sets in front when it is a keyframe that does not bring its own. */
  complete(frame: Uint8Array, key: boolean): Uint8Array {
    if (!key || hasParameterSets(frame)) return frame;
    const complete = new Uint8Array(this.prefix.length + frame.length);
    complete.set(this.prefix);
    complete.set(frame, this.prefix.length);
    return complete;
  }
}

function hasParameterSets(frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let position = 0;
  while (position + 4 < frame.length) {
    if ((frame[position + 4]! & NAL_TYPE_MASK) === NAL_SPS) return true;
    position += 4 + view.getUint32(position);
  }
  return false;
}

function withLengths(units: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  let position = 0;
  for (const unit of units) {
    writeU32(out, position, unit.length);
    out.set(unit, position + 4);
    position += 4 + unit.length;
  }
  return out;
}
