import { readU32, writeU16 } from "../bytes.ts";
import { H264Nal } from "../h264.ts";
import type { EmitPayload } from "../packetize.ts";

/** One access unit in packetization mode 1 (RFC 6184 6.3): single NAL units, STAP-A and FU-A. */
export function packetizeH264(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  const units = splitAccessUnit(frame);
  if (units === null || units.length === 0) return false;
  let index = 0;
  while (index < units.length) {
    const end = aggregateEnd(units, index, payload.length);
    const last = end === units.length;
    if (end - index > 1) emitAggregate(units.slice(index, end), payload, emit, last);
    else emitUnit(units[index]!, payload, emit, last);
    index = end;
  }
  return true;
}

/** NAL units behind 4-byte lengths, as views, without delimiters and filler; null when one does not fit. */
function splitAccessUnit(frame: Uint8Array): Uint8Array[] | null {
  const units: Uint8Array[] = [];
  let position = 0;
  while (position < frame.length) {
    if (position + 4 > frame.length) return null;
    const start = position + 4;
    position = start + readU32(frame, position);
    if (position > frame.length) return null;
    if (position > start && isForwarded(frame[start]!)) units.push(frame.subarray(start, position));
  }
  return units;
}

function isForwarded(header: number): boolean {
  const type = header & 0x1f;
  return type >= 1 && type < H264Nal.stapA && type !== H264Nal.delimiter && type !== H264Nal.filler;
}

/** How far units from `index` on fit one STAP-A; `index + 1` when only one does, or none. */
function aggregateEnd(units: readonly Uint8Array[], index: number, room: number): number {
  let used = 1;
  let end = index;
  while (end < units.length) {
    used += 2 + units[end]!.length;
    if (used > room) break;
    end += 1;
  }
  return Math.max(end, index + 1);
}

/** RFC 6184 5.7.1: F and NRI are the highest of the units. */
function emitAggregate(
  units: readonly Uint8Array[],
  payload: Uint8Array,
  emit: EmitPayload,
  last: boolean,
): void {
  let importance = 0;
  let position = 1;
  for (const unit of units) {
    importance = Math.max(importance, unit[0]! & 0x60);
    writeU16(payload, position, unit.length);
    payload.set(unit, position + 2);
    position += 2 + unit.length;
  }
  payload[0] = importance | H264Nal.stapA;
  emit(payload, position, last);
}

function emitUnit(unit: Uint8Array, payload: Uint8Array, emit: EmitPayload, last: boolean): void {
  if (unit.length <= payload.length) {
    payload.set(unit);
    emit(payload, unit.length, last);
    return;
  }
  // RFC 6184 5.8: FU indicator and FU header take the place of the NAL header. Even parts.
  const header = unit[0]!;
  const body = unit.length - 1;
  const parts = Math.ceil(body / (payload.length - 2));
  const size = Math.ceil(body / parts);
  for (let start = 0; start < body; start += size) {
    const part = unit.subarray(1 + start, 1 + Math.min(start + size, body));
    const end = start + size >= body;
    payload[0] = (header & 0xe0) | H264Nal.fuA;
    payload[1] = (start === 0 ? 0x80 : 0) | (end ? 0x40 : 0) | (header & 0x1f);
    payload.set(part, 2);
    emit(payload, 2 + part.length, last && end);
  }
}
