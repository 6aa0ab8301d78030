import { closePollFd, createPollFd, Epoll, EpollEvent } from "./epoll.ts";

const EVENTS_MAX = 1024;

/** One epoll instance over thousands of sockets, each known by a number of the caller's. */
export class SocketSet {
  readonly #fd = createPollFd();
  readonly #epoll = new Epoll(this.#fd, EVENTS_MAX);
  readonly #idleFd = createPollFd();
  /** Watches nothing: a sleep that no datagram ends. */
  readonly #idle = new Epoll(this.#idleFd, 1);

  add(socketFd: number, index: number): void {
    this.#epoll.add(socketFd, EpollEvent.readable, index);
  }

  remove(socketFd: number): void {
    this.#epoll.remove(socketFd);
  }

  /** Waits for readable sockets; returns how many there are, EVENTS_MAX at most (see `ready`). */
  wait(timeoutMs: number): number {
    return this.#epoll.wait(timeoutMs);
  }

  /** The number of the i-th readable socket of the last `wait`. */
  ready(i: number): number {
    return this.#epoll.number(i);
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
    this.#idle.wait(ms);
  }

  close(): void {
    closePollFd(this.#fd);
    closePollFd(this.#idleFd);
  }
}
