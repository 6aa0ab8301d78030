/** What a datagram on a bundled transport is, by its first two bytes. */
export const DatagramKind = { unknown: 0, stun: 1, dtls: 2, rtp: 3, rtcp: 4 } as const;
export type DatagramKind = (typeof DatagramKind)[keyof typeof DatagramKind];

const STUN_HEADER_BYTES = 20;
const DTLS_RECORD_HEADER_BYTES = 13;
const RTP_HEADER_BYTES = 12;
const RTCP_HEADER_BYTES = 8;

/**
 * Sorts a datagram of `length` bytes at `offset`. Anything too short for the header of its kind is
 * unknown, and so is what we never negotiate (ZRTP, TURN channels).
 */
export function classify(bytes: Uint8Array, offset: number, length: number): DatagramKind {
  if (length < 2) return DatagramKind.unknown;
  const first = bytes[offset]!;
  // RFC 7983 7: 0..3 STUN, 20..63 DTLS, 128..191 RTP and RTCP.
  if (first <= 3) return length >= STUN_HEADER_BYTES ? DatagramKind.stun : DatagramKind.unknown;
  if (first >= 20 && first <= 63) {
    return length >= DTLS_RECORD_HEADER_BYTES ? DatagramKind.dtls : DatagramKind.unknown;
  }
  if (first < 128 || first > 191) return DatagramKind.unknown;
  // RFC 5761 4: payload types 64..95 are never RTP, because RTCP packet types look like them.
  const payloadType = bytes[offset + 1]! & 0x7f;
  if (payloadType >= 64 && payloadType <= 95) {
    return length >= RTCP_HEADER_BYTES ? DatagramKind.rtcp : DatagramKind.unknown;
  }
  return length >= RTP_HEADER_BYTES ? DatagramKind.rtp : DatagramKind.unknown;
}
