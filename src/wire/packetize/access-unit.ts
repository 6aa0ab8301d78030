/** What packets of H.264 and H.265 have in common: units behind 4-byte lengths, put together. */
import { readU32 } from "../bytes.ts";

/**
 * NAL units of an access unit, as views, those whose first byte `isForwarded` takes. Null when a length
 * does not fit; units that are shorter than their header are left out.
 */
export function splitAccessUnit(
  frame: Uint8Array,
  headerBytes: number,
  isForwarded: (header: number) => boolean,
): Uint8Array[] | null {
  const units: Uint8Array[] = [];
  let position = 0;
  while (position < frame.length) {
    if (position + 4 > frame.length) return null;
    const start = position + 4;
    position = start + readU32(frame, position);
    if (position > frame.length) return null;
    const fits = position >= start + headerBytes;
    if (fits && isForwarded(frame[start]!)) units.push(frame.subarray(start, position));
  }
  return units;
}

/**
 * How far units from `index` on fit one packet of `room` bytes behind its header, each with 16 bits of
 * length; `index + 1` when only one does, or none.
 */
export function aggregateEnd(units: readonly Uint8Array[], index: number, room: number): number {
  let used = 0;
  let end = index;
  while (end < units.length) {
    used += 2 + units[end]!.length;
    if (used > room) break;
    end += 1;
  }
  return Math.max(end, index + 1);
}
