/** Full Intra Request (RFC 5104 4.3.1): entries of SSRC, sequence number and three zero bytes. */
import { readU32, writeU32 } from "../bytes.ts";
import {
  FEEDBACK_HEADER_BYTES,
  FeedbackFormat,
  RtcpType,
  writeFeedbackHeader,
} from "./compound.ts";

const ENTRY_BYTES = 8;
export const FIR_BYTES = FEEDBACK_HEADER_BYTES + ENTRY_BYTES;

/** The request's sequence number (0..255) for `ssrc`, or -1 when it does not ask this source. */
export function readFir(bytes: Uint8Array, offset: number, length: number, ssrc: number): number {
  const end = offset + length - ENTRY_BYTES;
  for (let at = offset + FEEDBACK_HEADER_BYTES; at <= end; at += ENTRY_BYTES) {
    if (readU32(bytes, at) === ssrc) return bytes[at + 4]!;
  }
  return -1;
}

/**
 * Asks `targetSsrc` for a keyframe. `sequence` rises by one for each new request and stays for a
 * repeated one (RFC 5104 4.3.1.1). Returns 20.
 */
export function writeFir(
  out: Uint8Array,
  offset: number,
  senderSsrc: number,
  targetSsrc: number,
  sequence: number,
): number {
  // RFC 5104 4.3.1.2: the media SSRC of the common header is 0.
  const type = RtcpType.payloadFeedback;
  writeFeedbackHeader(out, offset, FeedbackFormat.fir, type, FIR_BYTES, senderSsrc, 0);
  writeU32(out, offset + FEEDBACK_HEADER_BYTES, targetSsrc);
  writeU32(out, offset + FEEDBACK_HEADER_BYTES + 4, (sequence & 0xff) << 24);
  return FIR_BYTES;
}
