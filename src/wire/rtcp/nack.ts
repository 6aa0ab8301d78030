/**
 * Generic NACK (RFC 4585 6.2.1): pairs of a sequence number (PID) and a bit mask of the 16 that
 * follow it (BLP).
 */
import { assert } from "../../assert.ts";
import { readU16, writeU16 } from "../bytes.ts";
import {
  FEEDBACK_HEADER_BYTES,
  FeedbackFormat,
  RtcpType,
  writeFeedbackHeader,
} from "./compound.ts";

/** Longest packet for so many sequence numbers: one pair each. */
export function nackLengthMax(count: number): number {
  return FEEDBACK_HEADER_BYTES + 4 * count;
}

/**
 * Copies the sequence numbers asked for into `out`, in packet order, at most `out.length` of them;
 * what exceeds it is dropped (a flood). Returns how many, or -1 without a whole pair.
 */
export function readNack(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: Uint16Array,
): number {
  if (length < FEEDBACK_HEADER_BYTES + 4) return -1;
  const end = offset + length - 3;
  let count = 0;
  for (let position = offset + FEEDBACK_HEADER_BYTES; position < end; position += 4) {
    let sequence = readU16(bytes, position);
    // The PID itself is bit 0, then the 16 bits of the mask.
    let mask = (readU16(bytes, position + 2) << 1) | 1;
    while (mask !== 0) {
      if ((mask & 1) !== 0) {
        if (count === out.length) return count;
        out[count] = sequence;
        count += 1;
      }
      mask >>>= 1;
      sequence = (sequence + 1) & 0xffff;
    }
  }
  return count;
}

/**
 * Writes a NACK of the first `count` (at least 1) of `sequences`, which rise modulo 65,536.
 * Needs `nackLengthMax(count)` bytes of room at most. Returns the packet's length.
 */
export function writeNack(
  out: Uint8Array,
  offset: number,
  senderSsrc: number,
  mediaSsrc: number,
  sequences: Uint16Array,
  count: number,
): number {
  assert(count >= 1 && count <= sequences.length, "a NACK names sequence numbers");
  assert(offset + nackLengthMax(count) <= out.length, "a NACK fits");
  let position = offset + FEEDBACK_HEADER_BYTES;
  let i = 0;
  while (i < count) {
    const first = sequences[i]!;
    let mask = 0;
    i += 1;
    while (i < count) {
      const distance = (sequences[i]! - first) & 0xffff;
      if (distance > 16) break;
      if (distance !== 0) mask |= 1 << (distance - 1);
      i += 1;
    }
    writeU16(out, position, first);
    writeU16(out, position + 2, mask);
    position += 4;
  }
  const length = position - offset;
  const type = RtcpType.transportFeedback;
  writeFeedbackHeader(out, offset, FeedbackFormat.nack, type, length, senderSsrc, mediaSsrc);
  return length;
}
