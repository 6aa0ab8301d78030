import { Leb128 } from "./leb128.ts";

/** One open bitstream unit, as views. */
export interface Obu {
  readonly type: number;
  /** The whole unit: header, size, if it has one, and payload. */
  readonly bytes: Uint8Array;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

const size = new Leb128();

/** The units of a temporal unit in the low-overhead format (AV1 5.2); null when one does not fit. */
export function splitObus(frame: Uint8Array): Obu[] | null {
  const units: Obu[] = [];
  let position = 0;
  while (position < frame.length) {
    const first = frame[position]!;
    // 5.3.2: forbidden bit, type (4), extension flag, has_size flag, reserved.
    if ((first & 0x80) !== 0) return null;
    const headerEnd = position + ((first & 0x04) === 0 ? 1 : 2);
    let start = headerEnd;
    let end = frame.length;
    if ((first & 0x02) !== 0) {
      start = size.read(frame, start, frame.length);
      if (start === -1) return null;
      end = start + size.value;
    }
    if (start > frame.length || end > frame.length) return null;
    units.push({
      type: (first >> 3) & 15,
      bytes: frame.subarray(position, end),
      header: frame.subarray(position, headerEnd),
      payload: frame.subarray(start, end),
    });
    position = end;
  }
  return units;
}
