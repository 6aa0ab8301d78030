import { afterEach, beforeEach, expect, test } from "bun:test";
import { monotonicUs } from "../../src/io/clock.ts";
import { enableGro, GroReceiver } from "../../src/io/gro-receiver.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { copyPath, formatPath } from "../../src/wire/path.ts";
import { VIA } from "../support/transport.ts";

let from: number;
let to: number;
const receiver = new GroReceiver();

beforeEach(() => {
  from = openUdpSocket("127.0.0.1", 4, 0);
  to = openUdpSocket("127.0.0.1", 4, 0);
});

afterEach(() => {
  closeUdpSocket(from);
  closeUdpSocket(to);
});

/** A run of datagrams that leaves as one message; each is full of its own number. */
function sendRun(sizes: readonly number[]): void {
  const sender = new UdpSender(from, true);
  const path = copyPath(VIA, sockaddrOf("127.0.0.1", 4, localPort(to)), 0);
  sizes.forEach((size, number) => {
    const at = sender.reserve(size);
    sender.region.bytes.fill(number, at, at + size);
    sender.commit(path, size);
  });
  expect(sender.flush()).toBe(true);
}

/** What the last `count` messages are cut into: number and size. */
function datagrams(count: number): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < count; i += 1) {
    const end = receiver.offset(i) + receiver.length(i);
    for (let at = receiver.offset(i); at < end; at += receiver.segment(i)) {
      const bytes = receiver.region.bytes.subarray(at, Math.min(at + receiver.segment(i), end));
      expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
      found.push([bytes[0]!, bytes.length]);
    }
  }
  return found;
}

test("a run is one message, cut into what was sent, the last of them shorter", () => {
  expect(enableGro(to)).toBe(true);
  expect(receiver.receive(to)).toBe(0);
  const before = monotonicUs();
  sendRun([1_200, 1_200, 1_200, 700]);
  const count = receiver.receive(to);
  expect(count).toBe(1);
  expect(datagrams(count)).toEqual([
    [0, 1_200],
    [1, 1_200],
    [2, 1_200],
    [3, 700],
  ]);
  const path = copyPath(VIA, receiver.names, receiver.nameOffset(0));
  expect(formatPath(path)).toBe(`127.0.0.1:${localPort(from)}`);
  // Two clocks are read one after the other: some microseconds of doubt.
  expect(receiver.arrivals[0]).toBeGreaterThan(before - 2_000);
  expect(receiver.arrivals[0]).toBeLessThanOrEqual(monotonicUs());
});

test("a socket that was not asked gives each by itself, a batch at a time", () => {
  sendRun(Array.from({ length: receiver.batch + 2 }, () => 900));
  expect(receiver.receive(to)).toBe(receiver.batch);
  expect(datagrams(receiver.batch).map(([number]) => number)).toEqual([
    ...Array(receiver.batch).keys(),
  ]);
  expect(receiver.receive(to)).toBe(2);
});
