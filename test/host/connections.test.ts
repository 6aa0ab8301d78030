import { beforeEach, expect, test } from "bun:test";
import type { Connection } from "../../src/host/connection.ts";
import { Connections } from "../../src/host/connections.ts";
import { EpollEvent } from "../../src/io/epoll.ts";
import { DATAGRAM_BYTES_MAX, FIRST_FRAME_US, TCP_BLOCKED_US } from "../../src/limits.ts";
import { FakeKernel, FakeOwner, framed } from "./fake-streams.ts";

const FROM = new Uint8Array(16);
const FIRST = new Uint8Array([9, 9]);

let kernel: FakeKernel;
let owner: FakeOwner;
let connections: Connections;

beforeEach(() => {
  kernel = new FakeKernel();
  owner = new FakeOwner();
  connections = new Connections(kernel.ground);
  connections.serve(owner);
});

function add(fd: number): void {
  connections.add(fd, FROM, framed(FIRST), kernel.now);
}

function come(fd: number, ...chunks: readonly Uint8Array[]): void {
  kernel.streams.get(fd)!.coming.push(...chunks);
  for (let i = 0; i < chunks.length; i += 1) connections.read(kernel.now);
}

/** The connection of the last frame. */
function answering(fd: number): Connection {
  let found: Connection | null = null;
  owner.onFrame = (by) => {
    found = by;
  };
  come(fd, framed(FIRST));
  return found!;
}

test("tcp-line: what was read before comes first, then what comes, in whatever pieces", () => {
  add(4);
  expect(owner.frames).toEqual([{ fd: 4, bytes: [9, 9] }]);
  const bytes = framed(new Uint8Array([1, 2, 3]), new Uint8Array([4]), new Uint8Array(0));
  come(4, ...[...bytes].map((byte) => new Uint8Array([byte])));
  expect(owner.frames.slice(1).map((frame) => frame.bytes)).toEqual([[1, 2, 3], [4], []]);
});

test("tcp-line: of what was read before the last frame may be a part", () => {
  const whole = framed(FIRST, new Uint8Array([1, 2, 3]));
  connections.add(4, FROM, whole.subarray(0, 6), 0);
  expect(owner.frames).toHaveLength(1);
  come(4, whole.subarray(6));
  expect(owner.frames.at(-1)).toEqual({ fd: 4, bytes: [1, 2, 3] });
});

test("tcp-line: a frame longer than any datagram ends its connection and no other", () => {
  add(4);
  add(5);
  const chunk = new Uint8Array(2);
  new DataView(chunk.buffer).setUint16(0, DATAGRAM_BYTES_MAX + 1);
  come(4, chunk);
  expect([kernel.ended, owner.lostFds, connections.size]).toEqual([[4], [4], 1]);
  expect([...kernel.watched.keys()]).toEqual([5]);
  come(5, framed(FIRST));
  expect(owner.frames.at(-1)).toEqual({ fd: 5, bytes: [9, 9] });
});

test("tcp-line: an end is told once, its memory goes back, its number is another's", () => {
  const before = kernel.regions;
  add(4);
  const { number } = kernel.watched.get(4)!;
  kernel.streams.get(4)!.over = true;
  connections.read(0);
  connections.read(0);
  expect([owner.lostFds, kernel.ended, kernel.regions - before]).toEqual([[4], [4], 0]);
  add(6);
  expect(kernel.watched.get(6)).toEqual({ events: EpollEvent.readable, number });
});

test("tcp-line: what a frame makes throw is told, and its connection ends", () => {
  add(4);
  owner.onFrame = () => {
    throw new Error("a frame");
  };
  come(4, framed(FIRST, FIRST));
  expect([owner.faults.length, owner.frames.length, owner.lostFds]).toEqual([1, 2, [4]]);
});

test("tcp-line: a full one is waited for by itself, and goes on when it takes something", () => {
  add(4);
  const connection = answering(4);
  const stream = kernel.streams.get(4)!;
  stream.room = 1;
  connection.send({ via: connection, sockaddr: FROM }, FIRST, 2);
  connections.flush();
  expect(kernel.watched.get(4)!.events).toBe(EpollEvent.readable | EpollEvent.writable);
  expect(stream.written).toEqual([0]);
  stream.room = 100;
  connections.read(0);
  expect(stream.written).toEqual([...framed(FIRST)]);
  expect(kernel.watched.get(4)!.events).toBe(EpollEvent.readable);
});

test("tcp-line: those that nobody knows end after five seconds, those that take nothing after ten", () => {
  add(4);
  owner.strange.add(5);
  add(5);
  const connection = answering(4);
  kernel.streams.get(4)!.room = 0;
  connection.send({ via: connection, sockaddr: FROM }, FIRST, 2);
  connections.flush();
  expect(connections.nextTimeout()).toBe(1_000_000);
  const look = (now: number) => connections.handleTimeout(now);
  look(FIRST_FRAME_US - 1);
  expect(owner.lostFds).toEqual([]);
  look(FIRST_FRAME_US + 1_000_000);
  expect([owner.lostFds, owner.blockedFds]).toEqual([[5], []]);
  look(TCP_BLOCKED_US + 1_000_000);
  expect([owner.lostFds, owner.blockedFds]).toEqual([[5, 4], [4]]);
  expect(connections.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("tcp-line: what has left is counted beyond the end of who sent it", () => {
  add(4);
  const connection = answering(4);
  connection.send({ via: connection, sockaddr: FROM }, FIRST, 2);
  connections.flush();
  kernel.streams.get(4)!.over = true;
  connections.read(0);
  expect(connections.totals()).toEqual({ datagrams: 1, bytes: 2, dropped: 0 });
});
