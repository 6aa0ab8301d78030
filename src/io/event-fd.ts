import { ptr } from "bun:ffi";
import { check, libc } from "./libc.ts";

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

const one = new BigUint64Array([1n]);
const oneAddress = ptr(one);
const sink = new BigUint64Array(1);
const sinkAddress = ptr(sink);

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
