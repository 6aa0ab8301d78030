import { check, libc } from "./libc.ts";
import { addressOf, pinnedRegion } from "./pinned.ts";

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
/** An eventfd is read and written as one 64-bit count. */
const WORD_BYTES = 8;

// Pinned: nothing else refers to them, so they would be collected, and what then stands at their
// addresses would be what a bell writes (a zero wakes nobody) and where a drain writes to.
const one = pinnedRegion(WORD_BYTES);
one.bytes[0] = 1;
const oneAddress = addressOf(one, 0, WORD_BYTES);
const sinkAddress = addressOf(pinnedRegion(WORD_BYTES), 0, WORD_BYTES);

/** A new eventfd: the doorbell of a worker. */
export function createEventFd(): number {
  return check("eventfd", libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/** Wakes whoever polls the eventfd. */
export function ringEventFd(fd: number): void {
  libc.write(fd, oneAddress, WORD_BYTES);
}

/** Takes back all rings so far. */
export function drainEventFd(fd: number): void {
  libc.read(fd, sinkAddress, WORD_BYTES);
}
