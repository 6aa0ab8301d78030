import { drainEventFd } from "./event-fd.ts";
import { check, libc } from "./libc.ts";
import { addressOf, borrowedRegion } from "./pinned.ts";

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_MOD = 3;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLL_CLOEXEC = 0o2000000;
const EVENTS_MAX = 64;
/** struct epoll_event is packed: u32 events, u64 data. */
const EVENT_BYTES = 12;
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
  private readonly events = borrowedRegion(new Uint8Array(EVENTS_MAX * EVENT_BYTES));
  private readonly view = new DataView(this.events.bytes.buffer);
  private readonly eventsAddress = addressOf(this.events, 0, EVENTS_MAX * EVENT_BYTES);
  private readonly change = borrowedRegion(new Uint8Array(EVENT_BYTES));
  private readonly changeView = new DataView(this.change.bytes.buffer);
  private readonly changeAddress = addressOf(this.change, 0, EVENT_BYTES);

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
      const data = this.view.getUint32(i * EVENT_BYTES + 4, true);
      if (data === DOORBELL) drainEventFd(this.doorbellFd);
      // Reading takes an error off the socket; left there, it would wake this thread for ever.
      else if ((this.view.getUint32(i * EVENT_BYTES, true) & (EPOLLIN | EPOLLERR)) !== 0)
        ready |= 1 << data;
    }
    return ready;
  }

  private control(operation: number, fd: number, events: number, data: number): void {
    this.changeView.setUint32(0, events, true);
    this.changeView.setUint32(4, data, true);
    this.changeView.setUint32(8, 0, true);
    check("epoll_ctl", libc.epoll_ctl(this.fd, operation, fd, this.changeAddress));
  }
}
