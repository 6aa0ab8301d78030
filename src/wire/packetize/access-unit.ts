/** Packets of H.264 (RFC 6184 6.3) and H.265 (RFC 7798 4.4) from units behind 4-byte lengths. */
import { writeU16 } from "../bytes.ts";
import { splitUnits } from "../frame-units.ts";
import { type NalLayout, nalType, withNalType } from "../nal-units.ts";
import type { EmitPayload } from "./emit.ts";

/** In what the two codecs' packets differ. */
export interface UnitPackets {
  readonly layout: NalLayout;
  /** Whether units of a type are sent. */
  readonly isForwarded: (type: number) => boolean;
  /** Writes the header of a packet that holds several units: `layout.headerBytes`. */
  readonly writeAggregateHeader: (units: readonly Uint8Array[], payload: Uint8Array) => void;
}

/**
 * One access unit as single NAL units, aggregates and fragments. False, with nothing emitted, when a
 * length does not fit or nothing is left to send; units that are shorter than their header are left out.
 */
export function packetizeAccessUnit(
  frame: Uint8Array,
  packets: UnitPackets,
  payload: Uint8Array,
  emit: EmitPayload,
): boolean {
  const { layout, isForwarded } = packets;
  const units = splitUnits(frame, 4)?.filter(
    (unit) => unit.length >= layout.headerBytes && isForwarded(nalType(layout, unit[0]!)),
  );
  if (units === undefined || units.length === 0) return false;
  let index = 0;
  while (index < units.length) {
    const end = aggregateEnd(units, index, payload.length - layout.headerBytes);
    const last = end === units.length;
    const unit = units[index]!;
    if (end - index > 1) emitAggregate(units.slice(index, end), packets, payload, emit, last);
    else if (unit.length <= payload.length) emitSingle(unit, payload, emit, last);
    else emitFragments(unit, layout, payload, emit, last);
    index = end;
  }
  return true;
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

function emitAggregate(
  units: readonly Uint8Array[],
  packets: UnitPackets,
  payload: Uint8Array,
  emit: EmitPayload,
  last: boolean,
): void {
  packets.writeAggregateHeader(units, payload);
  let position = packets.layout.headerBytes;
  for (const unit of units) {
    writeU16(payload, position, unit.length);
    payload.set(unit, position + 2);
    position += 2 + unit.length;
  }
  emit(payload, position, last);
}

function emitSingle(unit: Uint8Array, payload: Uint8Array, emit: EmitPayload, last: boolean): void {
  payload.set(unit);
  emit(payload, unit.length, last);
}

/** A payload header, the unit's with another type, and a FU header |S|E| type| in place of its own. Even parts. */
function emitFragments(
  unit: Uint8Array,
  layout: NalLayout,
  payload: Uint8Array,
  emit: EmitPayload,
  last: boolean,
): void {
  const { headerBytes } = layout;
  const type = nalType(layout, unit[0]!);
  const body = unit.length - headerBytes;
  const parts = Math.ceil(body / (payload.length - headerBytes - 1));
  const size = Math.ceil(body / parts);
  payload.set(unit.subarray(0, headerBytes));
  payload[0] = withNalType(layout, unit[0]!, layout.fragment);
  for (let start = 0; start < body; start += size) {
    const from = headerBytes + start;
    const part = unit.subarray(from, Math.min(from + size, unit.length));
    const end = start + size >= body;
    payload[headerBytes] = (start === 0 ? 0x80 : 0) | (end ? 0x40 : 0) | type;
    payload.set(part, headerBytes + 1);
    emit(payload, headerBytes + 1 + part.length, last && end);
  }
}
