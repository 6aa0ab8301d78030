import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

// Pinned by the module: the address outlives every call (the two words of struct timespec).
const timespec = new Float64Array(2);
const words = new Uint32Array(timespec.buffer);
const address = ptr(timespec);

/**
 * CLOCK_MONOTONIC in microseconds: the one `now` of the media path, the same in all threads.
 * `performance.now` differs between threads by milliseconds.
 */
export function monotonicUs(): number {
  libc.clock_gettime(CLOCK_MONOTONIC, address);
  return timespecUs();
}

/** CLOCK_REALTIME in microseconds since 1970. */
export function realtimeUs(): number {
  libc.clock_gettime(CLOCK_REALTIME, address);
  return timespecUs();
}

function timespecUs(): number {
  // tv_sec and tv_nsec, little-endian 64-bit; seconds stay below 2^53 / 10^6.
  return (words[0]! + words[1]! * 4294967296) * 1e6 + words[2]! / 1000;
}
