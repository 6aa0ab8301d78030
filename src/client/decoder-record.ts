/**
 * Decoder configuration records of H.264 and H.265 (ISO/IEC 14496-15 5.3.3.1 and 8.3.3.1): how long
 * the lengths in front of the frames' units are, and parameter sets that stand outside the frames.
 *
 *  H.264: | version 1 | profile | compat | level | 111111 lengthSizeMinusOne (2) | 111 SPS count (5) |
 *    per SPS: length (16), bytes; PPS count (8); per PPS: length (16), bytes
 *  H.265: | version 1 | 20 bytes | 6 bits, lengthSizeMinusOne (2) | arrays (8) |
 *    per array: | flags (2) type (6) | units (16) | per unit: length (16), bytes
 */
import { readU16 } from "../wire/bytes.ts";
import type { LengthBytes } from "../wire/frame-units.ts";

export interface DecoderRecord {
  readonly lengthBytes: LengthBytes;
  /** Parameter sets, as views; none where the frames bring them ("avc3", "hev1"). */
  readonly sets: readonly Uint8Array[];
}

const H264_HEADER_BYTES = 5;
const H265_HEADER_BYTES = 22;

/** Null when the record is cut short, of another version or of a reserved length size (3). */
export function readH264Record(record: Uint8Array): DecoderRecord | null {
  if (record.length < H264_HEADER_BYTES + 1 || record[0] !== 1) return null;
  const lengthBytes = lengthBytesOf(record[4]!);
  const sets: Uint8Array[] = [];
  let position = readSets(record, H264_HEADER_BYTES + 1, record[5]! & 0x1f, sets);
  // Some writers leave out the count of an empty list at the end.
  if (position >= 0 && position < record.length) {
    position = readSets(record, position + 1, record[position]!, sets);
  }
  return position < 0 || lengthBytes === null ? null : { lengthBytes, sets };
}

/** Null as above. SEI units of the record are left out: they describe the encoder. */
export function readH265Record(record: Uint8Array): DecoderRecord | null {
  if (record.length <= H265_HEADER_BYTES || record[0] !== 1) return null;
  const lengthBytes = lengthBytesOf(record[21]!);
  const sets: Uint8Array[] = [];
  let position = H265_HEADER_BYTES + 1;
  for (let array = record[H265_HEADER_BYTES]!; array > 0; array -= 1) {
    if (position + 3 > record.length) return null;
    const type = record[position]! & 0x3f;
    const units: Uint8Array[] = [];
    position = readSets(record, position + 3, readU16(record, position + 1), units);
    if (position < 0) return null;
    // H.265 7.4.2.2: VPS, SPS, PPS.
    if (type >= 32 && type <= 34) sets.push(...units);
  }
  return lengthBytes === null ? null : { lengthBytes, sets };
}

/** Appends `count` units of 16-bit lengths. Returns the offset behind them, -1 when cut short. */
function readSets(record: Uint8Array, offset: number, count: number, out: Uint8Array[]): number {
  let position = offset;
  for (let i = 0; i < count; i += 1) {
    if (position + 2 > record.length) return -1;
    const length = readU16(record, position);
    position += 2;
    if (length === 0 || position + length > record.length) return -1;
    out.push(record.subarray(position, position + length));
    position += length;
  }
  return position;
}

function lengthBytesOf(byte: number): LengthBytes | null {
  const length = (byte & 3) + 1;
  return length === 3 ? null : (length as LengthBytes);
}
