import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

const PAGE = 4096;
const MADV_DONTNEED = 4;

/** Gives a buffer's whole pages back to the kernel: they read as zeros from then on. */
export function releasePages(buffer: SharedArrayBuffer): void {
  const bytes = new Uint8Array(buffer);
  const address = Number(ptr(bytes));
  const start = Math.ceil(address / PAGE) * PAGE;
  const end = Math.floor((address + bytes.length) / PAGE) * PAGE;
  bytes.fill(0, 0, start - address);
  bytes.fill(0, bytes.length - (address + bytes.length - end));
  if (end <= start) return;
  const refused = libc.madvise(start as ReturnType<typeof ptr>, end - start, MADV_DONTNEED) !== 0;
  // Locked pages (mlockall) stay; the next user must not see them all the same.
  if (refused) bytes.fill(0);
}
