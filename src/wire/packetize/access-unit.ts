/** What packets of H.264 and H.265 have in common: units behind 4-byte lengths, alone or together. */
import { readU32 } from "../bytes.ts";
import type { EmitPayload } from "./emit.ts";

/** How one of the two codecs lays out its packets. */
export interface UnitPackets {
  /** Of a unit, and of a packet that holds several. */
  readonly headerBytes: number;
  /** Takes the first byte of a unit. */
  readonly isForwarded: (header: number) => boolean;
  /** Several units that fit one packet. */
  readonly emitAggregate: EmitUnits<readonly Uint8Array[]>;
  /** One unit, in as many packets as it takes. */
  readonly emitUnit: EmitUnits<Uint8Array>;
}

type EmitUnits<Units> = (
  units: Units,
  payload: Uint8Array,
  emit: EmitPayload,
  last: boolean,
) => void;

/** False, with nothing emitted, when a length does not fit or nothing is left to send. */
export function packetizeAccessUnit(
  frame: Uint8Array,
  packets: UnitPackets,
  payload: Uint8Array,
  emit: EmitPayload,
): boolean {
  const units = splitAccessUnit(frame, packets.headerBytes, packets.isForwarded);
  if (units === null || units.length === 0) return false;
  let index = 0;
  while (index < units.length) {
    const end = aggregateEnd(units, index, payload.length - packets.headerBytes);
    const last = end === units.length;
    if (end - index > 1) packets.emitAggregate(units.slice(index, end), payload, emit, last);
    else packets.emitUnit(units[index]!, payload, emit, last);
    index = end;
  }
  return true;
}

/**
 * NAL units of an access unit, as views, those whose first byte `isForwarded` takes. Null when a length
 * does not fit; units that are shorter than their header are left out.
 */
function splitAccessUnit(
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
function aggregateEnd(units: readonly Uint8Array[], index: number, room: number): number {
  let used = 0;
  let end = index;
  while (end < units.length) {
    used += 2 + units[end]!.length;
    if (used > room) break;
    end += 1;
  }
  return Math.max(end, index + 1);
}
