import { afterEach, beforeEach, expect, test } from "bun:test";
import { monotonicUs } from "../../src/io/clock.ts";
import { closePollFd, createPollFd } from "../../src/io/epoll.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { libc } from "../../src/io/libc.ts";
import { Poller } from "../../src/io/poller.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { inTime, timed } from "../support/timed.ts";

let sockets: number[];
let doorbell: number;
let pollFd: number;
let poller: Poller;

beforeEach(() => {
  sockets = [0, 1, 2].map(() => openUdpSocket("127.0.0.1", 4, 0));
  doorbell = createEventFd();
  pollFd = createPollFd();
  poller = new Poller(pollFd, sockets, doorbell);
});

afterEach(() => {
  for (const fd of sockets) closeUdpSocket(fd);
  libc.close(doorbell);
  closePollFd(pollFd);
});

function sendTo(index: number): void {
  const target = sockaddrOf("127.0.0.1", 4, localPort(sockets[index]!));
  libc.sendto(sockets[index]!, Uint8Array.of(1), 1, 0, target, target.length);
}

function measured(work: () => number): { result: number; us: number } {
  const start = monotonicUs();
  const result = work();
  return { result, us: monotonicUs() - start };
}

timed("sleeps as long as it is told when nothing happens", () => {
  const { result, us } = measured(() => poller.wait(30));
  expect(result).toBe(0);
  expect(us).toBeGreaterThan(29_000);
  inTime(() => expect(measured(() => poller.wait(0)).us).toBeLessThan(20_000));
});

test("names the sockets that have something to read, until it is read", () => {
  sendTo(0);
  sendTo(2);
  expect(poller.wait(1_000)).toBe(0b101);
  expect(poller.wait(0)).toBe(0b101);
  expect(new UdpReceiver().receive(sockets[0]!)).toBe(1);
  expect(poller.wait(0)).toBe(0b100);
});

timed("the doorbell wakes, once, however often it rang", () => {
  for (let i = 0; i < 5; i += 1) ringEventFd(doorbell);
  const { result, us } = measured(() => poller.wait(5_000));
  expect(result).toBe(0);
  inTime(() => expect(us).toBeLessThan(1_000_000));
  expect(measured(() => poller.wait(20)).us).toBeGreaterThan(19_000);
});

timed(
  "wakes for a writable socket only while that is wanted, and does not call it readable",
  () => {
    poller.wantWritable(sockets[1]!, 1, true);
    const { result, us } = measured(() => poller.wait(5_000));
    expect(result).toBe(0);
    inTime(() => expect(us).toBeLessThan(1_000_000));
    sendTo(1);
    expect(poller.wait(1_000)).toBe(0b010);
    poller.wantWritable(sockets[1]!, 1, false);
    expect(new UdpReceiver().receive(sockets[1]!)).toBe(1);
    expect(measured(() => poller.wait(20)).us).toBeGreaterThan(19_000);
  },
);
