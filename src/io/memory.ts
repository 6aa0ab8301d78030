import { ABI } from "./abi.ts";
import { libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const PAGE = ABI.pageBytes;
const MADV_DONTNEED = 4;

/** Gives a buffer's whole pages back to the kernel: they read as zeros from then on. */
export function releasePages(buffer: SharedArrayBuffer): void {
  const bytes = new Uint8Array(buffer);
  const region = borrowedRegion(bytes);
  const beyond = addressOf(region, 0, bytes.length) % PAGE;
  const start = beyond === 0 ? 0 : PAGE - beyond;
  const end = bytes.length - ((beyond + bytes.length) % PAGE);
  bytes.fill(0, 0, start);
  bytes.fill(0, Math.max(0, end));
  if (end <= start) return;
  const pages = addressOf(region, start, end - start);
  const refused = libc.madvise(pages, end - start, MADV_DONTNEED) !== 0;
  // Locked pages (mlockall) stay; the next user must not see them all the same.
  if (refused) bytes.fill(0);
}
