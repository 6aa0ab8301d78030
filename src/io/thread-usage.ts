import { check, libc } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

const RUSAGE_THREAD = 1;
/** struct rusage: two struct timeval, and 14 words that nobody reads here. */
const RUSAGE_BYTES = 144;
const rusage = pinnedRegion(RUSAGE_BYTES);
const RUSAGE = addressOf(rusage, 0, RUSAGE_BYTES);
const view = new DataView(rusage.bytes.buffer);

export interface ThreadUsage {
  readonly userUs: number;
  readonly systemUs: number;
}

/** Processor time of the calling thread since it began: others of its process are not in it. */
export function threadUsage(): ThreadUsage {
  check("getrusage", libc.getrusage(RUSAGE_THREAD, RUSAGE));
  return { userUs: microseconds(0), systemUs: microseconds(16) };
}

/** struct timeval: seconds and microseconds, 64 bits each; seconds stay far below 2^32. */
function microseconds(at: number): number {
  return view.getUint32(at, true) * 1e6 + view.getUint32(at + 8, true);
}
