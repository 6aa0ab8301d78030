import { check, libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const RLIMIT_NOFILE = 7;
/** struct rlimit: two 64-bit words. */
const RLIMIT_BYTES = 16;

/** How many files (and sockets) this process may have open; Infinity for no limit. */
export function openFileLimit(): { readonly soft: number; readonly hard: number } {
  const limit = borrowedRegion(new Uint8Array(RLIMIT_BYTES));
  check("getrlimit", libc.getrlimit(RLIMIT_NOFILE, addressOf(limit, 0, RLIMIT_BYTES)));
  const words = new BigUint64Array(limit.bytes.buffer);
  return { soft: toNumber(words[0]!), hard: toNumber(words[1]!) };
}

function toNumber(value: bigint): number {
  return value === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(value);
}
