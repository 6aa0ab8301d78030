/** Sender reports (RFC 3550 6.4.1). */
import { assert } from "../../assert.ts";
import { readU32, writeU32 } from "../bytes.ts";
import { RtcpType, writeRtcpHeader } from "./compound.ts";
import {
  REPORT_BLOCK_BYTES,
  REPORT_BLOCKS_MAX,
  type ReportBlock,
  writeReportBlock,
} from "./report-block.ts";

/** Report without blocks. */
export const SENDER_REPORT_BYTES = 28;

/** One report, reused. */
export class SenderReport {
  ssrc = 0;
  ntpSeconds = 0;
  ntpFraction = 0;
  rtpTimestamp = 0;
  packetCount = 0;
  octetCount = 0;
  /** Blocks that follow, and the absolute offset of the first (`readReportBlock`). */
  blockCount = 0;
  blocksOffset = 0;
}

/** Reads the packet at a cursor's offset, length and count. False when the blocks do not fit. */
export function readSenderReport(
  bytes: Uint8Array,
  offset: number,
  length: number,
  count: number,
  out: SenderReport,
): boolean {
  if (length < SENDER_REPORT_BYTES + count * REPORT_BLOCK_BYTES) return false;
  out.ssrc = readU32(bytes, offset + 4);
  out.ntpSeconds = readU32(bytes, offset + 8);
  out.ntpFraction = readU32(bytes, offset + 12);
  out.rtpTimestamp = readU32(bytes, offset + 16);
  out.packetCount = readU32(bytes, offset + 20);
  out.octetCount = readU32(bytes, offset + 24);
  out.blockCount = count;
  out.blocksOffset = offset + SENDER_REPORT_BYTES;
  return true;
}

/** The middle 32 bits of the NTP time: what report blocks quote. */
export function compactNtp(ntpSeconds: number, ntpFraction: number): number {
  return ((ntpSeconds << 16) | (ntpFraction >>> 16)) >>> 0;
}

/** Writes a report with the first `blockCount` (0..31) of `blocks`. Returns its length. */
export function writeSenderReport(
  out: Uint8Array,
  offset: number,
  report: Readonly<SenderReport>,
  blocks: readonly ReportBlock[],
  blockCount: number,
): number {
  assert(blockCount <= REPORT_BLOCKS_MAX, "report blocks fit the count field");
  const length = SENDER_REPORT_BYTES + blockCount * REPORT_BLOCK_BYTES;
  writeRtcpHeader(out, offset, blockCount, RtcpType.senderReport, length);
  writeU32(out, offset + 4, report.ssrc);
  writeU32(out, offset + 8, report.ntpSeconds);
  writeU32(out, offset + 12, report.ntpFraction);
  writeU32(out, offset + 16, report.rtpTimestamp);
  writeU32(out, offset + 20, report.packetCount);
  writeU32(out, offset + 24, report.octetCount);
  let position = offset + SENDER_REPORT_BYTES;
  for (let i = 0; i < blockCount; i += 1) position += writeReportBlock(out, position, blocks[i]!);
  return length;
}
