import { writeU16 } from "../bytes.ts";
import { H265Nal } from "../h265.ts";
import { packetizeAccessUnit, type UnitPackets } from "./access-unit.ts";
import type { EmitPayload } from "./emit.ts";

const HEADER_BYTES = 2;
const FRAGMENT_HEADER_BYTES = 3;

/** One access unit without DONL (RFC 7798 4.4): single NAL units, aggregation packets and FUs. */
export function packetizeH265(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  return packetizeAccessUnit(frame, PACKETS, payload, emit);
}

const PACKETS: UnitPackets = { headerBytes: HEADER_BYTES, isForwarded, emitAggregate, emitUnit };

/** Not delimiters (35), nor end of sequence and bitstream (36, 37), nor filler (38). */
function isForwarded(header: number): boolean {
  const type = (header >> 1) & 0x3f;
  return type < H265Nal.aggregation && (type < H265Nal.delimiter || type > 38);
}

/** 4.4.2: layer and TID are the lowest of the units; F is set when it is in any. */
function emitAggregate(
  units: readonly Uint8Array[],
  payload: Uint8Array,
  emit: EmitPayload,
  last: boolean,
): void {
  let forbidden = 0;
  // The nine bits below the type, layer (6) and TID + 1 (3), are in the order that "lowest" asks for.
  let lowest = 0x1ff;
  let position = HEADER_BYTES;
  for (const unit of units) {
    forbidden |= unit[0]! & 0x80;
    lowest = Math.min(lowest, ((unit[0]! & 1) << 8) | unit[1]!);
    writeU16(payload, position, unit.length);
    payload.set(unit, position + 2);
    position += 2 + unit.length;
  }
  writeU16(payload, 0, (forbidden << 8) | (H265Nal.aggregation << 9) | lowest);
  emit(payload, position, last);
}

function emitUnit(unit: Uint8Array, payload: Uint8Array, emit: EmitPayload, last: boolean): void {
  if (unit.length <= payload.length) {
    payload.set(unit);
    emit(payload, unit.length, last);
    return;
  }
  // 4.4.3: the payload header is the unit's with type 49; the type stands in the FU header. Even parts.
  const type = (unit[0]! >> 1) & 0x3f;
  const body = unit.length - HEADER_BYTES;
  const parts = Math.ceil(body / (payload.length - FRAGMENT_HEADER_BYTES));
  const size = Math.ceil(body / parts);
  for (let start = 0; start < body; start += size) {
    const from = HEADER_BYTES + start;
    const part = unit.subarray(from, Math.min(from + size, unit.length));
    const end = start + size >= body;
    payload[0] = (unit[0]! & 0x81) | (H265Nal.fragment << 1);
    payload[1] = unit[1]!;
    payload[2] = (start === 0 ? 0x80 : 0) | (end ? 0x40 : 0) | type;
    payload.set(part, FRAGMENT_HEADER_BYTES);
    emit(payload, FRAGMENT_HEADER_BYTES + part.length, last && end);
  }
}
