import { writeU16 } from "../bytes.ts";
import { H264Nal } from "../h264.ts";
import { packetizeAccessUnit, type UnitPackets } from "./access-unit.ts";
import type { EmitPayload } from "./emit.ts";

const HEADER_BYTES = 1;

/** One access unit in packetization mode 1 (RFC 6184 6.3): single NAL units, STAP-A and FU-A. */
export function packetizeH264(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  return packetizeAccessUnit(frame, PACKETS, payload, emit);
}

const PACKETS: UnitPackets = { headerBytes: HEADER_BYTES, isForwarded, emitAggregate, emitUnit };

function isForwarded(header: number): boolean {
  const type = header & 0x1f;
  return type >= 1 && type < H264Nal.stapA && type !== H264Nal.delimiter && type !== H264Nal.filler;
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
