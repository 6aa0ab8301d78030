/**
 * Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1), the reader.
 *
 *  |  base sequence number (16)    |  packet status count (16)     |
 *  |  reference time, 64 ms (24, signed)          | feedback count |
 *  |  packet chunks (16 each) ...  | receive deltas, 250 us each ...
 */
import { readI24, readU16, readU32 } from "../bytes.ts";
import { FEEDBACK_HEADER_BYTES } from "./compound.ts";

/** Deltas and `arrivalTicks` count in these. */
export const TRANSPORT_CC_TICK_US = 250;
/** One step of the reference time: 64 ms. */
export const REFERENCE_TICKS = 256;
export const TRANSPORT_CC_FIXED_BYTES = FEEDBACK_HEADER_BYTES + 8;

/** Symbols of the status chunks, 3.1.1. */
export const PacketStatus = { notReceived: 0, smallDelta: 1, largeDelta: 2, reserved: 3 } as const;

/** One feedback packet, reused. `statusesMax` bounds what one packet may speak of. */
export class TransportFeedback {
  senderSsrc = 0;
  mediaSsrc = 0;
  /** Transport-wide sequence number of `status[0]`; then rising modulo 65,536. */
  baseSequence = 0;
  statusCount = 0;
  /** Signed 24 bits of 64 ms, on the sender's arbitrary clock; wraps. */
  referenceTime = 0;
  /** Rises by one with each feedback packet, modulo 256: gaps are lost feedback. */
  feedbackCount = 0;
  /** How many of the first `statusCount` packets arrived. */
  receivedCount = 0;
  /** PacketStatus of each packet. */
  readonly status: Uint8Array;
  /** 250 us since the previous received packet, the first since the reference time; 0 if lost. */
  readonly delta: Int16Array;

  constructor(statusesMax: number) {
    this.status = new Uint8Array(statusesMax);
    this.delta = new Int16Array(statusesMax);
  }
}

/**
 * Reads the packet at a cursor's offset and length (RTPFB, FMT 15). False when it is truncated,
 * empty, uses the reserved symbol, or speaks of more packets than `out` holds.
 */
export function readTransportFeedback(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: TransportFeedback,
): boolean {
  if (length < TRANSPORT_CC_FIXED_BYTES + 2) return false;
  out.senderSsrc = readU32(bytes, offset + 4);
  out.mediaSsrc = readU32(bytes, offset + 8);
  out.baseSequence = readU16(bytes, offset + 12);
  out.statusCount = readU16(bytes, offset + 14);
  out.referenceTime = readI24(bytes, offset + 16);
  out.feedbackCount = bytes[offset + 19]!;
  if (out.statusCount === 0 || out.statusCount > out.status.length) return false;
  const end = offset + length;
  const deltas = readChunks(bytes, offset + TRANSPORT_CC_FIXED_BYTES, end, out);
  return deltas !== -1 && readDeltas(bytes, deltas, end, out);
}

/** Fills `status`. Returns where the deltas begin, or -1. */
function readChunks(
  bytes: Uint8Array,
  offset: number,
  end: number,
  out: TransportFeedback,
): number {
  const { status, statusCount } = out;
  let position = offset;
  let filled = 0;
  while (filled < statusCount) {
    if (position + 2 > end) return -1;
    const chunk = readU16(bytes, position);
    position += 2;
    if ((chunk & 0x8000) === 0) {
      // 3.1.3 run length chunk: | 0 | symbol (2) | length (13) |
      const run = chunk & 0x1fff;
      if (run === 0) return -1;
      const next = Math.min(filled + run, statusCount);
      status.fill((chunk >> 13) & 3, filled, next);
      filled = next;
      continue;
    }
    // 3.1.4 status vector chunk: 14 symbols of one bit or 7 of two bits; a surplus is ignored.
    const bits = (chunk & 0x4000) === 0 ? 1 : 2;
    for (let shift = 14 - bits; shift >= 0 && filled < statusCount; shift -= bits) {
      status[filled] = (chunk >> shift) & (bits === 1 ? 1 : 3);
      filled += 1;
    }
  }
  return position;
}

function readDeltas(
  bytes: Uint8Array,
  offset: number,
  end: number,
  out: TransportFeedback,
): boolean {
  const { status, delta } = out;
  let position = offset;
  let received = 0;
  for (let i = 0; i < out.statusCount; i += 1) {
    const symbol = status[i];
    delta[i] = 0;
    if (symbol === PacketStatus.notReceived) continue;
    if (symbol === PacketStatus.reserved || position + symbol! > end) return false;
    // 3.1.5: one unsigned byte, or two bytes signed. The Int16Array keeps the sign.
    delta[i] = symbol === PacketStatus.smallDelta ? bytes[position]! : readU16(bytes, position);
    position += symbol!;
    received += 1;
  }
  out.receivedCount = received;
  return true;
}
