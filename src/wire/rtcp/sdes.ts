/** Source description with a CNAME (RFC 3550 6.5). */
import { assert } from "../../assert.ts";
import { writeU32 } from "../bytes.ts";
import { RtcpType, writeRtcpHeader } from "./compound.ts";

const ITEM_CNAME = 1;

/** Length of the packet that `writeSdes` makes for a CNAME of so many bytes. */
export function sdesLength(cnameLength: number): number {
  // Header, SSRC, item type and length; then at least one zero, up to a whole word.
  return 8 + ((2 + cnameLength + 4) & ~3);
}

/** Writes one chunk with one CNAME item (1..255 bytes, UTF-8). Returns the packet's length. */
export function writeSdes(
  out: Uint8Array,
  offset: number,
  ssrc: number,
  cname: Uint8Array,
): number {
  assert(cname.length >= 1 && cname.length <= 255, "a CNAME has 1..255 bytes");
  const length = sdesLength(cname.length);
  writeRtcpHeader(out, offset, 1, RtcpType.sdes, length);
  writeU32(out, offset + 4, ssrc);
  out[offset + 8] = ITEM_CNAME;
  out[offset + 9] = cname.length;
  out.set(cname, offset + 10);
  out.fill(0, offset + 10 + cname.length, offset + length);
  return length;
}
