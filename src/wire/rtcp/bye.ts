/** BYE (RFC 3550 6.6). */
import { assert } from "../../assert.ts";
import { readU32, writeU32 } from "../bytes.ts";
import { RTCP_HEADER_BYTES, RtcpType, writeRtcpHeader } from "./compound.ts";

/**
 * Copies the SSRCs that leave into `out` (at most `out.length`). `count` is the cursor's. Returns
 * how many, or -1 when they do not fit the packet.
 */
export function readBye(
  bytes: Uint8Array,
  offset: number,
  length: number,
  count: number,
  out: Uint32Array,
): number {
  if (length < RTCP_HEADER_BYTES + 4 * count) return -1;
  const taken = Math.min(count, out.length);
  for (let i = 0; i < taken; i += 1) out[i] = readU32(bytes, offset + RTCP_HEADER_BYTES + 4 * i);
  return taken;
}

/** Writes a BYE of the first `count` (1..31) of `ssrcs`, without a reason. Returns its length. */
export function writeBye(
  out: Uint8Array,
  offset: number,
  ssrcs: ArrayLike<number>,
  count: number,
): number {
  assert(count >= 1 && count <= 31, "a BYE names 1..31 sources");
  const length = RTCP_HEADER_BYTES + 4 * count;
  writeRtcpHeader(out, offset, count, RtcpType.bye, length);
  for (let i = 0; i < count; i += 1) writeU32(out, offset + RTCP_HEADER_BYTES + 4 * i, ssrcs[i]!);
  return length;
}
