/** Report blocks of sender and receiver reports (RFC 3550 6.4.1), 24 bytes each. */
import { readI24, readU32, writeU24, writeU32 } from "../bytes.ts";

export const REPORT_BLOCK_BYTES = 24;
/** The count field has five bits. */
export const REPORT_BLOCKS_MAX = 31;

/** One block, reused. */
export class ReportBlock {
  /** The source this is about. */
  ssrc = 0;
  /** Share of packets lost since the last report, in 1/256. */
  fractionLost = 0;
  /** Signed 24 bits: duplicates can make it negative. */
  packetsLost = 0;
  /** Highest sequence number received: cycles in the high 16 bits. */
  highestSequence = 0;
  /** In RTP clock units. */
  jitter = 0;
  /** Middle 32 bits of the NTP time of the last sender report; 0 before the first. */
  lastSenderReport = 0;
  /** Since that report, in 1/65536 s. */
  delaySinceLastSenderReport = 0;
}

/** Reads the block at `offset`; the caller has checked that 24 bytes are there. */
export function readReportBlock(bytes: Uint8Array, offset: number, out: ReportBlock): void {
  out.ssrc = readU32(bytes, offset);
  out.fractionLost = bytes[offset + 4]!;
  out.packetsLost = readI24(bytes, offset + 5);
  out.highestSequence = readU32(bytes, offset + 8);
  out.jitter = readU32(bytes, offset + 12);
  out.lastSenderReport = readU32(bytes, offset + 16);
  out.delaySinceLastSenderReport = readU32(bytes, offset + 20);
}

const LOST_MAX = 0x7fffff;

/** Writes one block, `packetsLost` clamped to its 24 bits (RFC 3550 A.3). Returns 24. */
export function writeReportBlock(
  out: Uint8Array,
  offset: number,
  block: Readonly<ReportBlock>,
): number {
  writeU32(out, offset, block.ssrc);
  out[offset + 4] = block.fractionLost;
  writeU24(out, offset + 5, Math.max(-LOST_MAX - 1, Math.min(LOST_MAX, block.packetsLost)));
  writeU32(out, offset + 8, block.highestSequence);
  writeU32(out, offset + 12, block.jitter);
  writeU32(out, offset + 16, block.lastSenderReport);
  writeU32(out, offset + 20, block.delaySinceLastSenderReport);
  return REPORT_BLOCK_BYTES;
}
