import { afterEach, beforeEach, expect, test } from "bun:test";
import { closePollFd, createPollFd, Epoll, EpollEvent } from "../../src/io/epoll.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { libc } from "../../src/io/libc.ts";

const { readable, writable } = EpollEvent;

let pollFd: number;
let bells: number[];
let epoll: Epoll;

beforeEach(() => {
  pollFd = createPollFd();
  bells = [0, 1, 2].map(() => createEventFd());
  epoll = new Epoll(pollFd, 2);
});

afterEach(() => {
  for (const fd of bells) libc.close(fd);
  closePollFd(pollFd);
});

/** Events by number, as the last wait left them. */
function waited(): Record<number, number> {
  const count = epoll.wait(0);
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [epoll.number(i), epoll.events(i)]),
  );
}

test("events carry the number of whose they are, in all 32 bits", () => {
  epoll.add(bells[0]!, readable, 7);
  epoll.add(bells[1]!, readable, 0xffffffff);
  expect(waited()).toEqual({});
  ringEventFd(bells[1]!);
  expect(waited()).toEqual({ 4294967295: readable });
  ringEventFd(bells[0]!);
  expect(waited()).toEqual({ 7: readable, 4294967295: readable });
});

test("what is waited for changes, and ends", () => {
  epoll.add(bells[0]!, readable, 1);
  epoll.change(bells[0]!, readable | writable, 2);
  expect(waited()).toEqual({ 2: writable });
  ringEventFd(bells[0]!);
  expect(waited()).toEqual({ 2: readable | writable });
  epoll.remove(bells[0]!);
  expect(waited()).toEqual({});
});

test("one wait takes no more events than there is room for", () => {
  bells.forEach((fd, index) => {
    epoll.add(fd, writable, index);
  });
  expect(epoll.wait(0)).toBe(2);
});

test("what the kernel refuses is an error; a wait on a closed instance finds nothing", () => {
  expect(() => epoll.remove(bells[0]!)).toThrow(/^epoll_ctl: /);
  const closed = new Epoll(-1, 1);
  expect(closed.wait(0)).toBe(0);
});
