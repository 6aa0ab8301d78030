import { H264_LAYOUT, H264Nal } from "../h264.ts";
import { packetizeAccessUnit, type UnitPackets } from "./access-unit.ts";
import type { EmitPayload } from "./emit.ts";

/** One access unit in packetization mode 1 (RFC 6184 6.3): single NAL units, STAP-A and FU-A. */
export function packetizeH264(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  return packetizeAccessUnit(frame, PACKETS, payload, emit);
}

const PACKETS: UnitPackets = { layout: H264_LAYOUT, isForwarded, writeAggregateHeader };

function isForwarded(type: number): boolean {
  return type >= 1 && type < H264Nal.stapA && type !== H264Nal.delimiter && type !== H264Nal.filler;
}

/** RFC 6184 5.7.1: NRI is the highest of the units. */
function writeAggregateHeader(units: readonly Uint8Array[], payload: Uint8Array): void {
  let importance = 0;
  for (const unit of units) importance = Math.max(importance, unit[0]! & 0x60);
  payload[0] = importance | H264Nal.stapA;
}
