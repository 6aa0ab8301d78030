import { Epoll, EpollEvent } from "./epoll.ts";
import { drainEventFd } from "./event-fd.ts";

const EVENTS_MAX = 64;
const DOORBELL = 0xffffffff;
const { readable, writable, error } = EpollEvent;

/**
 * One epoll instance over a worker's sockets and its doorbell. `wait` blocks the whole thread: the
 * only place where a media worker sleeps.
 */
export class Poller {
  private readonly epoll: Epoll;

  /** `fd` is an empty epoll instance (`createPollFd`); its owner closes it. */
  constructor(
    fd: number,
    sockets: readonly number[],
    private readonly doorbellFd: number,
  ) {
    this.epoll = new Epoll(fd, EVENTS_MAX);
    sockets.forEach((socketFd, index) => {
      this.epoll.add(socketFd, readable, index);
    });
    this.epoll.add(doorbellFd, readable, DOORBELL);
  }

  /** Also wakes when the socket can take more (`wanted`), or no longer. */
  wantWritable(socketFd: number, index: number, wanted: boolean): void {
    this.epoll.change(socketFd, wanted ? readable | writable : readable, index);
  }

  /**
   * Sleeps until a socket is ready, the doorbell rings or `timeoutMs` passed; returns a bit set of
   * readable sockets (by index, below 31).
   */
  wait(timeoutMs: number): number {
    const count = this.epoll.wait(timeoutMs);
    let ready = 0;
    for (let i = 0; i < count; i += 1) {
      const number = this.epoll.number(i);
      if (number === DOORBELL) drainEventFd(this.doorbellFd);
      // Reading takes an error off the socket; left there, it would wake this thread for ever.
      else if ((this.epoll.events(i) & (readable | error)) !== 0) ready |= 1 << number;
    }
    return ready;
  }
}
