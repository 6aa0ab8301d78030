/** Receiver reports (RFC 3550 6.4.2). */
import { assert } from "../../assert.ts";
import { writeU32 } from "../bytes.ts";
import { RtcpType, writeRtcpHeader } from "./compound.ts";
import {
  REPORT_BLOCK_BYTES,
  REPORT_BLOCKS_MAX,
  type ReportBlock,
  writeReportBlock,
} from "./report-block.ts";

/** Report without blocks. */
export const RECEIVER_REPORT_BYTES = 8;

/**
 * Absolute offset of the first report block of the packet at a cursor's offset, length and count,
 * or -1 when the blocks do not fit. Read them by `readReportBlock`.
 */
export function receiverReportBlocks(offset: number, length: number, count: number): number {
  if (length < RECEIVER_REPORT_BYTES + count * REPORT_BLOCK_BYTES) return -1;
  return offset + RECEIVER_REPORT_BYTES;
}

/** Writes a report with the first `blockCount` (0..31) of `blocks`. Returns its length. */
export function writeReceiverReport(
  out: Uint8Array,
  offset: number,
  ssrc: number,
  blocks: readonly ReportBlock[],
  blockCount: number,
): number {
  assert(blockCount <= REPORT_BLOCKS_MAX, "report blocks fit the count field");
  const length = RECEIVER_REPORT_BYTES + blockCount * REPORT_BLOCK_BYTES;
  writeRtcpHeader(out, offset, blockCount, RtcpType.receiverReport, length);
  writeU32(out, offset + 4, ssrc);
  let position = offset + RECEIVER_REPORT_BYTES;
  for (let i = 0; i < blockCount; i += 1) position += writeReportBlock(out, position, blocks[i]!);
  return length;
}
