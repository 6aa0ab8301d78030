/** The calling thread's own processor time: what others take of the core meanwhile is not in it. */
import { libc } from "../../../src/io/libc.ts";
import { addressOf, pinnedRegion } from "../../../src/io/pinned.ts";

const CLOCK_THREAD_CPUTIME_ID = 3;
/** struct timespec: seconds and nanoseconds, 64 bits each. */
const TIMESPEC_BYTES = 16;
const timespec = pinnedRegion(TIMESPEC_BYTES);
const words = new Uint32Array(timespec.bytes.buffer);
const TIMESPEC = addressOf(timespec, 0, TIMESPEC_BYTES);

/** ns */
export function threadTime(): number {
  libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, TIMESPEC);
  return words[0]! * 1e9 + words[2]!;
}
