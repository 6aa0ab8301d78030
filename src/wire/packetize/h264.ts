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

/**
 * NAL units of an access unit, as views, without delimiters and filler: Annex B (three- or four-byte
 * start codes) or 4-byte lengths, told apart by the start. Null when a length does not fit.
 */
export function splitAccessUnit(frame: Uint8Array): Uint8Array[] | null {
  const start = findStartCode(frame, 0);
  // A length of 1 (00 00 00 01) would be a NAL unit without content: it is a start code.
  const annexB = start === 0 || (start === 1 && frame[0] === 0);
  const units = annexB ? splitAnnexB(frame, start) : splitLengths(frame);
  return units === null ? null : units.filter((unit) => isForwarded(unit));
}

function isForwarded(unit: Uint8Array): boolean {
  const type = unit[0]! & 0x1f;
  return type >= 1 && type < H264Nal.stapA && type !== H264Nal.delimiter && type !== 12;
}

/** Index of the next 00 00 01, or -1. */
function findStartCode(frame: Uint8Array, from: number): number {
  for (let i = from; i + 2 < frame.length; i += 1) {
    if (frame[i] === 0 && frame[i + 1] === 0 && frame[i + 2] === 1) return i;
  }
  return -1;
}

function splitAnnexB(frame: Uint8Array, firstCode: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  let code = firstCode;
  while (code !== -1) {
    const start = code + 3;
    code = findStartCode(frame, start);
    // H.264 B.1: zeros in front of a start code or at the end belong to no NAL unit.
    let end = code === -1 ? frame.length : code;
    while (end > start && frame[end - 1] === 0) end -= 1;
    if (end > start) units.push(frame.subarray(start, end));
  }
  return units;
}

function splitLengths(frame: Uint8Array): Uint8Array[] | null {
  const units: Uint8Array[] = [];
  let position = 0;
  while (position < frame.length) {
    if (position + 4 > frame.length) return null;
    const start = position + 4;
    position = start + readU32(frame, position);
    if (position > frame.length) return null;
    if (position > start) units.push(frame.subarray(start, position));
  }
  return units;
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
