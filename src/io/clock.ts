import { libc } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;

/** struct timespec: seconds and nanoseconds, 64 bits each. */
const TIMESPEC_BYTES = 16;
const timespec = pinnedRegion(TIMESPEC_BYTES);
const words = new Uint32Array(timespec.bytes.buffer);
const TIMESPEC = addressOf(timespec, 0, TIMESPEC_BYTES);

/**
 * CLOCK_MONOTONIC in microseconds: the one `now` of the media path, the same in all threads.
 * `performance.now` differs between threads by milliseconds.
 */
export function monotonicUs(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, TIMESPEC);
  return timespecUs();
}

/** CLOCK_REALTIME in microseconds since 1970. */
export function realtimeUs(): number {
  libc.clock_gettime(CLOCK_REALTIME, TIMESPEC);
  return timespecUs();
}

/** Processor time of the calling thread in microseconds: what others take of its core is not in it. */
export function threadTimeUs(): number {
  libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, TIMESPEC);
  return timespecUs();
}

function timespecUs(): number {
  // tv_sec and tv_nsec, little-endian 64-bit; seconds stay below 2^53 / 10^6.
  return (words[0]! + words[1]! * 4294967296) * 1e6 + words[2]! / 1000;
}
