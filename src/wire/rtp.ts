/**
 * RTP packets (RFC 3550 5.1).
 *
 *   0                   1                   2                   3
 *  |V=2|P|X|  CC   |M|     PT      |        sequence number        |
 *  |                           timestamp                           |
 *  |                             SSRC                              |
 *  |  CSRC, CC times; then with X: profile (16), words (16), data  |
 */
import { assert } from "../assert.ts";
import { readU16, readU32, writeU16, writeU32 } from "./bytes.ts";

/** Header without CSRCs and extensions. */
export const RTP_FIXED_HEADER_BYTES = 12;
const VERSION = 2;

/** One parsed packet, reused. All offsets are absolute in the parsed buffer. */
export class RtpHeader {
  payloadType = 0;
  marker = false;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** The P bit. */
  padded = false;
  /** Fixed part, CSRCs and extension block: what SRTP authenticates but does not encrypt. */
  headerLength = 0;
  payloadOffset = 0;
  /** After `stripPadding` without the padding. */
  payloadLength = 0;
  /** 0 until `stripPadding`. */
  paddingLength = 0;
  /** 0 without an extension block, else 0xBEDE, 0x100X or something that we do not know. */
  extensionProfile = 0;
  extensionOffset = 0;
  /** Bytes of extension elements, without the four bytes in front. */
  extensionLength = 0;
}

/**
 * Parses the cleartext header; works on sealed packets, whose padding is still encrypted.
 * False when the version is not 2 or a part does not fit into `length`.
 */
export function parseRtpHeader(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: RtpHeader,
): boolean {
  if (length < RTP_FIXED_HEADER_BYTES) return false;
  const first = bytes[offset]!;
  if (first >> 6 !== VERSION) return false;
  let headerLength = RTP_FIXED_HEADER_BYTES + 4 * (first & 0x0f);
  out.extensionProfile = 0;
  out.extensionOffset = 0;
  out.extensionLength = 0;
  if ((first & 0x10) !== 0) {
    if (length < headerLength + 4) return false;
    out.extensionProfile = readU16(bytes, offset + headerLength);
    out.extensionLength = 4 * readU16(bytes, offset + headerLength + 2);
    out.extensionOffset = offset + headerLength + 4;
    headerLength += 4 + out.extensionLength;
  }
  if (length < headerLength) return false;
  const second = bytes[offset + 1]!;
  out.padded = (first & 0x20) !== 0;
  out.marker = (second & 0x80) !== 0;
  out.payloadType = second & 0x7f;
  out.sequence = readU16(bytes, offset + 2);
  out.timestamp = readU32(bytes, offset + 4);
  out.ssrc = readU32(bytes, offset + 8);
  out.headerLength = headerLength;
  out.payloadOffset = offset + headerLength;
  out.payloadLength = length - headerLength;
  out.paddingLength = 0;
  return true;
}

/**
 * Takes the padding off the payload of an opened packet. `header.payloadLength` must already
 * exclude the SRTP tag. False when the count is 0 or larger than the payload (RFC 3550 5.1).
 */
export function stripPadding(bytes: Uint8Array, header: RtpHeader): boolean {
  if (!header.padded || header.paddingLength !== 0) return true;
  if (header.payloadLength === 0) return false;
  const padding = bytes[header.payloadOffset + header.payloadLength - 1]!;
  if (padding === 0 || padding > header.payloadLength) return false;
  header.paddingLength = padding;
  header.payloadLength -= padding;
  return true;
}

/** Writes `padding` bytes of it, at least one: the last counts them all (RFC 3550 5.1). */
export function writeRtpPadding(out: Uint8Array, offset: number, padding: number): void {
  const last = offset + padding - 1;
  out.fill(0, offset, last);
  out[last] = padding;
}

/** Parses a cleartext packet with its padding. */
export function parseRtp(
  bytes: Uint8Array,
  offset: number,
  length: number,
  out: RtpHeader,
): boolean {
  return parseRtpHeader(bytes, offset, length, out) && stripPadding(bytes, out);
}

/**
 * Writes the 12 fixed bytes, without CSRCs. With `extended` an extension block must follow
 * (src/wire/rtp-extension-writer.ts); with `padded` the last payload byte counts the padding.
 * Returns 12.
 */
export function writeRtpHeader(
  out: Uint8Array,
  offset: number,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
  extended: boolean,
  padded: boolean,
): number {
  assert(offset + RTP_FIXED_HEADER_BYTES <= out.length, "an RTP header fits");
  out[offset] = 0x80 | (padded ? 0x20 : 0) | (extended ? 0x10 : 0);
  out[offset + 1] = (marker ? 0x80 : 0) | payloadType;
  writeU16(out, offset + 2, sequence);
  writeU32(out, offset + 4, timestamp);
  writeU32(out, offset + 8, ssrc);
  return RTP_FIXED_HEADER_BYTES;
}
