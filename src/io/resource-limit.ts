import { check, libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const RLIMIT_NOFILE = 7;
/** struct rlimit: two 64-bit words. */
const RLIMIT_BYTES = 16;

/** How many files (and sockets) this process may raise its limit to; Infinity for no limit. */
export function openFilesMax(): number {
  const limit = borrowedRegion(new Uint8Array(RLIMIT_BYTES));
  check("getrlimit", libc.getrlimit(RLIMIT_NOFILE, addressOf(limit, 0, RLIMIT_BYTES)));
  const words = new BigUint64Array(limit.bytes.buffer);
  const hard = words[1]!;
  return hard === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(hard);
}
