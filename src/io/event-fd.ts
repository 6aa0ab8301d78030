import type { ptr } from "bun:ffi";
import { check, libc } from "./libc.ts";
import { pinnedRegion } from "./pinned.ts";

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

// Pinned: nothing else refers to them, so they would be collected, and what then stands at their
// addresses would be what a bell writes (a zero wakes nobody) and where a drain writes to.
const one = pinnedRegion(8);
one.bytes[0] = 1;
const oneAddress = one.address as ReturnType<typeof ptr>;
const sinkAddress = pinnedRegion(8).address as ReturnType<typeof ptr>;

/** A new eventfd: the doorbell of a worker. */
export function createEventFd(): number {
  return check("eventfd", libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/** Wakes whoever polls the eventfd. */
export function ringEventFd(fd: number): void {
  libc.write(fd, oneAddress, 8);
}

/** Takes back all rings so far. */
export function drainEventFd(fd: number): void {
  libc.read(fd, sinkAddress, 8);
}
