import { check, libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EPOLL_CLOEXEC = 0o2000000;
const EVENTS_MAX = 1024;
/** struct epoll_event is packed: u32 events, u64 data. */
const EVENT_BYTES = 12;

/** One epoll instance over thousands of sockets, each known by a number of the caller's. */
export class SocketSet {
  private readonly fd = check("epoll_create1", libc.epoll_create1(EPOLL_CLOEXEC));
  /** Watches nothing: a sleep that no datagram ends. */
  private readonly idleFd = check("epoll_create1", libc.epoll_create1(EPOLL_CLOEXEC));
  private readonly events = borrowedRegion(new Uint8Array(EVENTS_MAX * EVENT_BYTES));
  private readonly view = new DataView(this.events.bytes.buffer);
  private readonly eventsAddress = addressOf(this.events, 0, EVENTS_MAX * EVENT_BYTES);
  private readonly change = borrowedRegion(new Uint8Array(EVENT_BYTES));
  private readonly changeView = new DataView(this.change.bytes.buffer);
  private readonly changeAddress = addressOf(this.change, 0, EVENT_BYTES);

  add(socketFd: number, index: number): void {
    this.control(EPOLL_CTL_ADD, socketFd, index);
  }

  remove(socketFd: number): void {
    this.control(EPOLL_CTL_DEL, socketFd, 0);
  }

  /** Waits for readable sockets; returns how many there are, EVENTS_MAX at most (see `ready`). */
  wait(timeoutMs: number): number {
    return Math.max(0, libc.epoll_wait(this.fd, this.eventsAddress, EVENTS_MAX, timeoutMs));
  }

  /** The number of the i-th readable socket of the last `wait`. */
  ready(i: number): number {
    return this.view.getUint32(i * EVENT_BYTES + 4, true);
  }

  /** More may be ready than one `wait` tells. */
  isFull(count: number): boolean {
    return count === EVENTS_MAX;
  }

  /**
   * Sleeps without looking at the sockets. Whoever sends to them then wakes nobody, so that this
   * process's wake-ups do not show in the sender's CPU time.
   */
  nap(ms: number): void {
    libc.epoll_wait(this.idleFd, this.eventsAddress, 1, ms);
  }

  close(): void {
    libc.close(this.fd);
    libc.close(this.idleFd);
  }

  private control(operation: number, fd: number, data: number): void {
    this.changeView.setUint32(0, EPOLLIN, true);
    this.changeView.setUint32(4, data, true);
    this.changeView.setUint32(8, 0, true);
    check("epoll_ctl", libc.epoll_ctl(this.fd, operation, fd, this.changeAddress));
  }
}
