import type { Region } from "../srtp/cipher.ts";
import { ABI } from "./abi.ts";
import { check, libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

/** What is waited for, and what has come: bits of an event. */
export const EpollEvent = { readable: 1, writable: 4, error: 8 } as const;

const ADD = 1;
const REMOVE = 2;
const CHANGE = 3;
const CLOEXEC = 0o2000000;
const EVENT_BYTES = ABI.epollEventBytes;
const DATA_AT = ABI.epollDataAt;

/** A new epoll instance. */
export function createPollFd(): number {
  return check("epoll_create1", libc.epoll_create1(CLOEXEC));
}

export function closePollFd(fd: number): void {
  libc.close(fd);
}

/**
 * The calls of one epoll instance, and the memory that they need. Each descriptor is watched under a
 * number of the caller's (32 bits), which its events carry. Who made the instance closes it.
 */
export class Epoll {
  readonly #fd: number;
  readonly #eventsMax: number;
  readonly #events: Region;
  readonly #view: DataView;
  readonly #change = borrowedRegion(new Uint8Array(EVENT_BYTES));
  readonly #changeView = new DataView(this.#change.bytes.buffer);

  /** `eventsMax`: so many events one `wait` takes at most. */
  constructor(fd: number, eventsMax: number) {
    this.#fd = fd;
    this.#eventsMax = eventsMax;
    this.#events = borrowedRegion(new Uint8Array(eventsMax * EVENT_BYTES));
    this.#view = new DataView(this.#events.bytes.buffer);
  }

  add(fd: number, events: number, number: number): void {
    this.#control(ADD, fd, events, number);
  }

  change(fd: number, events: number, number: number): void {
    this.#control(CHANGE, fd, events, number);
  }

  remove(fd: number): void {
    this.#control(REMOVE, fd, 0, 0);
  }

  /** Sleeps until something is ready or `timeoutMs` passed; returns how many events there are. */
  wait(timeoutMs: number): number {
    const events = addressOf(this.#events, 0, this.#eventsMax * EVENT_BYTES);
    return Math.max(0, libc.epoll_wait(this.#fd, events, this.#eventsMax, timeoutMs));
  }

  /** What has come, of event `i` of the last `wait`. */
  events(i: number): number {
    return this.#view.getUint32(i * EVENT_BYTES, true);
  }

  /** Whose event `i` of the last `wait` is. */
  number(i: number): number {
    return this.#view.getUint32(i * EVENT_BYTES + DATA_AT, true);
  }

  #control(operation: number, fd: number, events: number, number: number): void {
    this.#changeView.setUint32(0, events, true);
    this.#changeView.setUint32(DATA_AT, number, true);
    this.#changeView.setUint32(DATA_AT + 4, 0, true);
    const change = addressOf(this.#change, 0, EVENT_BYTES);
    check("epoll_ctl", libc.epoll_ctl(this.#fd, operation, fd, change));
  }
}
