import { readU16 } from "../wire/bytes.ts";
import type { RtpHeader } from "../wire/rtp.ts";

const OSN_BYTES = 2;

/**
 * Takes the original sequence number off a retransmission (RFC 4588 4): `header` then describes
 * the original payload under `payloadType`. False when there is none: bare padding, which senders
 * use to probe bandwidth.
 */
export function unwrapRtx(bytes: Uint8Array, header: RtpHeader, payloadType: number): boolean {
  if (header.payloadLength < OSN_BYTES) return false;
  header.sequence = readU16(bytes, header.payloadOffset);
  header.payloadOffset += OSN_BYTES;
  header.payloadLength -= OSN_BYTES;
  header.payloadType = payloadType;
  return true;
}
