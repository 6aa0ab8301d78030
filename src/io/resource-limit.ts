import { ptr } from "bun:ffi";
import { check, libc } from "./libc.ts";

const RLIMIT_NOFILE = 7;

/** How many files (and sockets) this process may have open; Infinity for no limit. */
export function openFileLimit(): { readonly soft: number; readonly hard: number } {
  // struct rlimit: two 64-bit words.
  const words = new BigUint64Array(2);
  check("getrlimit", libc.getrlimit(RLIMIT_NOFILE, ptr(words)));
  return { soft: toNumber(words[0]!), hard: toNumber(words[1]!) };
}

function toNumber(value: bigint): number {
  return value === 0xffff_ffff_ffff_ffffn ? Number.POSITIVE_INFINITY : Number(value);
}
