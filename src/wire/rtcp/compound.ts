/**
 * The frame of RTCP packets (RFC 3550 6.1, 6.4.1).
 *
 *  |V=2|P| count/fmt (5) |  type (8)  |  length in words - 1 (16)  |  body ...
 */
import { assert } from "../../assert.ts";
import { readU16, readU32, writeU16, writeU32 } from "../bytes.ts";

export const RtcpType = {
  senderReport: 200,
  receiverReport: 201,
  sdes: 202,
  bye: 203,
  app: 204,
  /** RTPFB, RFC 4585 6.1. */
  transportFeedback: 205,
  /** PSFB, RFC 4585 6.1. */
  payloadFeedback: 206,
  extendedReport: 207,
} as const;

/** FMT values of RTPFB and PSFB. */
export const FeedbackFormat = {
  nack: 1,
  transportCc: 15,
  pli: 1,
  fir: 4,
  application: 15,
} as const;

export const RTCP_HEADER_BYTES = 4;
/** Header, sender SSRC, media SSRC. */
export const FEEDBACK_HEADER_BYTES = 12;
const VERSION = 2;

/**
 * Walks the packets of one datagram:
 * `cursor.reset(bytes, offset, length); while (cursor.next()) switch (cursor.type) ...`.
 * Ends at the first packet that does not fit; `malformed` then tells so. Does not insist on a
 * report first: reduced-size RTCP (RFC 5506) is fine.
 */
export class RtcpCursor {
  type = 0;
  /** Report count, source count or FMT. */
  count = 0;
  /** Absolute offset of the packet's header. */
  offset = 0;
  /** Header and body without padding. */
  length = 0;
  malformed = false;
  #bytes: Uint8Array = EMPTY;
  #position = 0;
  #end = 0;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#position = offset;
    this.#end = offset + length;
    this.malformed = false;
  }

  next(): boolean {
    if (this.malformed || this.#position === this.#end) return false;
    const bytes = this.#bytes;
    const offset = this.#position;
    if (offset + RTCP_HEADER_BYTES > this.#end) return this.#fail();
    const first = bytes[offset]!;
    const whole = 4 * (readU16(bytes, offset + 2) + 1);
    if (first >> 6 !== VERSION || offset + whole > this.#end) return this.#fail();
    let length = whole;
    if ((first & 0x20) !== 0) {
      // RFC 3550 6.4.1 pads the last packet only, by a multiple of four. libwebrtc fills each
      // transport feedback up to a word with this bit set, by 1 to 3 bytes, and may join several:
      // to refuse those would lose most of the feedback that Chromium sends.
      const padding = bytes[offset + whole - 1]!;
      if (padding === 0 || padding > whole - RTCP_HEADER_BYTES) return this.#fail();
      length -= padding;
    }
    this.count = first & 0x1f;
    this.type = bytes[offset + 1]!;
    this.offset = offset;
    this.length = length;
    this.#position = offset + whole;
    return true;
  }

  #fail(): false {
    this.malformed = true;
    return false;
  }
}

/** Writes the four header bytes of a packet of `length` bytes, which is a multiple of four. */
export function writeRtcpHeader(
  out: Uint8Array,
  offset: number,
  count: number,
  type: number,
  length: number,
): void {
  assert((length & 3) === 0 && offset + length <= out.length, "an RTCP packet fits");
  out[offset] = (VERSION << 6) | count;
  out[offset + 1] = type;
  writeU16(out, offset + 2, (length >> 2) - 1);
}

/** Writes header, sender SSRC and media SSRC of a feedback packet (RFC 4585 6.1). */
export function writeFeedbackHeader(
  out: Uint8Array,
  offset: number,
  format: number,
  type: number,
  length: number,
  senderSsrc: number,
  mediaSsrc: number,
): void {
  writeRtcpHeader(out, offset, format, type, length);
  writeU32(out, offset + 4, senderSsrc);
  writeU32(out, offset + 8, mediaSsrc);
}

/** The SSRC that a feedback packet speaks of, or 0 when it is too short. */
export function readMediaSsrc(bytes: Uint8Array, offset: number, length: number): number {
  return length < FEEDBACK_HEADER_BYTES ? 0 : readU32(bytes, offset + 8);
}

const EMPTY = new Uint8Array(0);
