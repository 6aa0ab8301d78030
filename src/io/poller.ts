import { ptr } from "bun:ffi";
import { drainEventFd } from "./event-fd.ts";
import { check, libc } from "./libc.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLL_CLOEXEC = 0o2000000;
const EVENTS_MAX = 64;
const DOORBELL = 0xffffffff;

/** A new epoll instance. */
export function createPollFd(): number {
  return check("epoll_create1", libc.epoll_create1(EPOLL_CLOEXEC));
}

export function closePollFd(fd: number): void {
  libc.close(fd);
}

/**
 * One epoll instance over a worker's sockets and its doorbell. `wait` blocks the whole thread: the
 * only place where a media worker sleeps.
 */
export class Poller {
  // struct epoll_event is packed: u32 events, u64 data; 12 bytes.
  private readonly events = new Uint8Array(EVENTS_MAX * 12);
  private readonly view = new DataView(this.events.buffer);
  private readonly eventsAddress = ptr(this.events);
  private readonly change = new Uint8Array(12);
  private readonly changeView = new DataView(this.change.buffer);

  /** `fd` is an empty epoll instance (`createPollFd`); its owner closes it. */
  constructor(
    private readonly fd: number,
    sockets: readonly number[],
    private readonly doorbellFd: number,
  ) {
    sockets.forEach((fd, index) => {
      this.control(EPOLL_CTL_ADD, fd, EPOLLIN, index);
    });
    this.control(EPOLL_CTL_ADD, doorbellFd, EPOLLIN, DOORBELL);
  }

  /** Also wakes when the socket can take more (`wanted`), or no longer. */
  wantWritable(socketFd: number, index: number, wanted: boolean): void {
    this.control(EPOLL_CTL_MOD, socketFd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, index);
  }

  /**
   * Sleeps until a socket is ready, the doorbell rings or `timeoutMs` passed; returns a bit set of
   * readable sockets (by index, below 31).
   */
  wait(timeoutMs: number): number {
    const count = libc.epoll_wait(this.fd, this.eventsAddress, EVENTS_MAX, timeoutMs);
    let ready = 0;
    for (let i = 0; i < count; i += 1) {
      const data = this.view.getUint32(i * 12 + 4, true);
      if (data === DOORBELL) drainEventFd(this.doorbellFd);
      // Reading takes an error off the socket; left there, it would wake this thread for ever.
      else if ((this.view.getUint32(i * 12, true) & (EPOLLIN | EPOLLERR)) !== 0) ready |= 1 << data;
    }
    return ready;
  }

  private control(operation: number, fd: number, events: number, data: number): void {
    this.changeView.setUint32(0, events, true);
    this.changeView.setUint32(4, data, true);
    this.changeView.setUint32(8, 0, true);
    check("epoll_ctl", libc.epoll_ctl(this.fd, operation, fd, ptr(this.change)));
  }
}
