import { writeU16 } from "../bytes.ts";
import { H265_LAYOUT, H265Nal } from "../h265.ts";
import { packetizeAccessUnit, type UnitPackets } from "./access-unit.ts";
import type { EmitPayload } from "./emit.ts";

/** One access unit without DONL (RFC 7798 4.4): single NAL units, aggregation packets and FUs. */
export function packetizeH265(frame: Uint8Array, payload: Uint8Array, emit: EmitPayload): boolean {
  return packetizeAccessUnit(frame, PACKETS, payload, emit);
}

const PACKETS: UnitPackets = { layout: H265_LAYOUT, isForwarded, writeAggregateHeader };

/** Not delimiters (35), nor end of sequence and bitstream (36, 37), nor filler (38). */
function isForwarded(type: number): boolean {
  return type < H265Nal.aggregation && (type < H265Nal.delimiter || type > 38);
}

/** 4.4.2: layer and TID are the lowest of the units; F is set when it is in any. */
function writeAggregateHeader(units: readonly Uint8Array[], payload: Uint8Array): void {
  let forbidden = 0;
  // The nine bits below the type, layer (6) and TID + 1 (3), are in the order that "lowest" asks for.
  let lowest = 0x1ff;
  for (const unit of units) {
    forbidden |= unit[0]! & 0x80;
    lowest = Math.min(lowest, ((unit[0]! & 1) << 8) | unit[1]!);
  }
  writeU16(payload, 0, (forbidden << 8) | (H265Nal.aggregation << 9) | lowest);
}
