/**
 * What stands in clear in front of a datagram between two nodes: the header of an RTP packet without
 * CSRCs and extensions, which tells the packet's whole 48-bit index.
 *
 *   | V=2 (8) | payload type (8) | index, low 16 bits | index, high 32 bits | SSRC (32) |
 */
import { assert } from "../assert.ts";
import { readU16, readU32, writeU16, writeU32 } from "./bytes.ts";
import { RTP_FIXED_HEADER_BYTES } from "./rtp.ts";

export const LINK_HEADER_BYTES = RTP_FIXED_HEADER_BYTES;
/** Each end sends by one source; the two directions have keys of their own. */
export const LINK_SSRC = 1;
/** Version 2, then a payload type that cannot be taken for RTCP (RFC 5761 4). */
const START = 0x807f;
const INDEX_END = 2 ** 48;

/** Writes the header of the packet with this index; 12 bytes. */
export function writeLinkHeader(out: Uint8Array, offset: number, index: number): void {
  assert(index >= 0 && index < INDEX_END, "a link's index has 48 bits");
  writeU16(out, offset, START);
  writeU16(out, offset + 2, index % 65536);
  writeU32(out, offset + 4, Math.floor(index / 65536));
  writeU32(out, offset + 8, LINK_SSRC);
}

/** The index of the packet at `offset`; -1 when its header is none of a link's. */
export function readLinkIndex(bytes: Uint8Array, offset: number, length: number): number {
  if (length < LINK_HEADER_BYTES || readU16(bytes, offset) !== START) return -1;
  if (readU32(bytes, offset + 8) !== LINK_SSRC) return -1;
  return readU32(bytes, offset + 4) * 65536 + readU16(bytes, offset + 2);
}
