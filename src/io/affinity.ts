/** Which processors a thread may run on. Threads and processes that it starts inherit them. */
import { check, libc } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

/** cpu_set_t of glibc: 1,024 processors. */
const MASK_BYTES = 128;
const mask = pinnedRegion(MASK_BYTES);
const MASK = addressOf(mask, 0, MASK_BYTES);
const THIS_THREAD = 0;

/** Those of the calling thread, by number. */
export function ownCores(): number[] {
  mask.bytes.fill(0);
  check("sched_getaffinity", libc.sched_getaffinity(THIS_THREAD, MASK_BYTES, MASK));
  const bits = Array.from({ length: MASK_BYTES * 8 }, (_, core) => core);
  return bits.filter((core) => (mask.bytes[core >> 3]! & (1 << (core & 7))) !== 0);
}

/** Keeps the calling thread to these. */
export function stayOn(cores: readonly number[]): void {
  mask.bytes.fill(0);
  for (const core of cores) mask.bytes[core >> 3]! |= 1 << (core & 7);
  check("sched_setaffinity", libc.sched_setaffinity(THIS_THREAD, MASK_BYTES, MASK));
}

/** What `start` starts runs on these; the calling thread goes on where it was. */
export function startedOn<T>(cores: readonly number[], start: () => T): T {
  const before = ownCores();
  stayOn(cores);
  try {
    return start();
  } finally {
    stayOn(before);
  }
}
