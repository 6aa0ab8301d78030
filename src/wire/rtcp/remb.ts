/**
 * Receiver Estimated Maximum Bitrate (draft-alvestrand-rmcat-remb-03 2.2): application layer
 * feedback "REMB", | count (8) | exponent (6) | mantissa (18) |, then the SSRCs it is about.
 */
import { assert } from "../../assert.ts";
import { readU24, readU32, writeU24, writeU32 } from "../bytes.ts";
import {
  FEEDBACK_HEADER_BYTES,
  FeedbackFormat,
  RtcpType,
  writeFeedbackHeader,
} from "./compound.ts";

const IDENTIFIER = 0x52454d42; // "REMB"
const FIXED_BYTES = FEEDBACK_HEADER_BYTES + 8;
const MANTISSA_MAX = 0x3ffff;

/** Length of a REMB about so many sources. */
export function rembLength(ssrcCount: number): number {
  return FIXED_BYTES + 4 * ssrcCount;
}

/** Bits a second, or -1 when this payload-specific feedback (FMT 15) is no whole REMB. */
export function readRemb(bytes: Uint8Array, offset: number, length: number): number {
  if (length < FIXED_BYTES || readU32(bytes, offset + 12) !== IDENTIFIER) return -1;
  if (length < rembLength(bytes[offset + 16]!)) return -1;
  const value = readU24(bytes, offset + 17);
  // Exponents above 46 leave the safe integers: "no limit" all the same, exact to the draft.
  return (value & MANTISSA_MAX) * 2 ** (value >> 18);
}

/**
 * Asks for at most `bitrate` bits a second, rounded down to 18 significant bits, over the first
 * `count` (1..255) of `ssrcs`. Returns the packet's length.
 */
export function writeRemb(
  out: Uint8Array,
  offset: number,
  senderSsrc: number,
  bitrate: number,
  ssrcs: ArrayLike<number>,
  count: number,
): number {
  assert(bitrate >= 0 && count >= 1 && count <= 255, "bit rate and sources of a REMB");
  let exponent = 0;
  let mantissa = Math.floor(bitrate);
  while (mantissa > MANTISSA_MAX) {
    mantissa = Math.floor(mantissa / 2);
    exponent += 1;
  }
  assert(exponent < 64, "the exponent of a REMB has six bits");
  const length = rembLength(count);
  const type = RtcpType.payloadFeedback;
  writeFeedbackHeader(out, offset, FeedbackFormat.application, type, length, senderSsrc, 0);
  writeU32(out, offset + 12, IDENTIFIER);
  out[offset + 16] = count;
  writeU24(out, offset + 17, exponent * 0x40000 + mantissa);
  for (let i = 0; i < count; i += 1) writeU32(out, offset + FIXED_BYTES + 4 * i, ssrcs[i]!);
  return length;
}
