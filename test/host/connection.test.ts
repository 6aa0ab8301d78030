import { beforeEach, expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { Connection } from "../../src/host/connection.ts";
import { CONNECTION_ARENA_BYTES, TCP_BLOCKED_US, TCP_STALL_US } from "../../src/limits.ts";
import { VIA } from "../support/transport.ts";
import { FakeStream, framed, regionOf } from "./fake-streams.ts";

const PATH = { via: VIA, sockaddr: new Uint8Array(16) };
const PACKET = 1_000;

let stream: FakeStream;
let connection: Connection;
let changes: number;

beforeEach(() => {
  stream = new FakeStream();
  changes = 0;
  connection = new Connection(3, PATH.sockaddr, 0, regionOf, stream, () => {
    changes += 1;
  });
});

/** Seals a packet of so many bytes, all `mark`; false when there is no room. */
function put(mark: number, length = PACKET): boolean {
  const at = connection.reserve(length + 16);
  if (at < 0) return false;
  connection.region.bytes.fill(mark, at, at + length);
  connection.commit(PATH, length);
  return true;
}

const packet = (mark: number, length = PACKET) => new Uint8Array(length).fill(mark);

test("tcp-line: packets leave behind their lengths, those of a turn together", () => {
  put(1);
  put(2, 7);
  connection.send(PATH, packet(3), 5);
  expect([changes, stream.written.length]).toEqual([1, 0]);
  connection.flush(0);
  expect(stream.written).toEqual([...framed(packet(1), packet(2, 7), packet(3, 5))]);
  expect(connection.sent).toEqual({ datagrams: 3, bytes: PACKET + 12, dropped: 0 });
  expect([connection.full, connection.stalled]).toEqual([false, false]);
  put(4);
  expect(changes).toBe(2);
});

test("tcp-line: what the kernel takes in pieces comes whole, whatever the pieces", () => {
  const sent: Uint8Array[] = [];
  for (let turn = 1; turn <= 400; turn += 1) {
    const mark = turn & 0xff;
    if (put(mark, 10 * (turn % 90))) sent.push(packet(mark, 10 * (turn % 90)));
    stream.room = (turn * 37) % 700;
    connection.flush(turn);
  }
  stream.room = Number.POSITIVE_INFINITY;
  connection.flush(401);
  expect(sent.length).toBeGreaterThan(200);
  expect(Buffer.from(stream.written).equals(Buffer.from(framed(...sent)))).toBe(true);
});

test("tcp-line: without room it stalls, until all that waits has left", () => {
  stream.room = 0;
  let count = 0;
  while (put(1)) count += 1;
  expect(count).toBeGreaterThan(CONNECTION_ARENA_BYTES / PACKET - 3);
  expect(connection.stalled).toBe(true);
  connection.flush(10);
  // Reports and checks find what is left of the room.
  connection.send(PATH, packet(2), 100);
  expect(connection.sent).toEqual({
    datagrams: count + 1,
    bytes: count * PACKET + 100,
    dropped: 0,
  });
  connection.send(PATH, packet(2), PACKET);
  expect(connection.sent.dropped).toBe(1);
  stream.room = 10 * PACKET;
  connection.flush(20);
  expect([connection.stalled, connection.reserve(100), connection.since]).toEqual([true, -1, 10]);
  stream.room = Number.POSITIVE_INFINITY;
  connection.flush(30);
  expect([connection.stalled, connection.since]).toEqual([false, Number.POSITIVE_INFINITY]);
  expect(put(3)).toBe(true);
});

test("tcp-line: a burst beyond its room leaves at once where the kernel takes it", () => {
  const packets = (3 * CONNECTION_ARENA_BYTES) / PACKET;
  for (let i = 0; i < packets; i += 1) expect(put(i & 0xff)).toBe(true);
  connection.flush(0);
  expect(stream.written).toHaveLength(Math.ceil(packets) * (PACKET + 2));
});

test("tcp-line: who is never done within a tenth of a second stalls, however little waits", () => {
  stream.room = 500;
  put(1);
  connection.flush(0);
  for (let now = 10_000; now < TCP_STALL_US; now += 10_000) {
    stream.room = 1000;
    put(2);
    connection.flush(now);
    expect(connection.stalled).toBe(false);
  }
  connection.flush(TCP_STALL_US);
  expect([connection.stalled, put(3)]).toEqual([true, false]);
});

test("tcp-line: it is blocked when the kernel took nothing for ten seconds, not when it takes little", () => {
  stream.room = 10;
  put(1);
  connection.flush(0);
  stream.room = 1;
  connection.flush(TCP_BLOCKED_US - 1);
  expect(connection.isBlocked(TCP_BLOCKED_US)).toBe(false);
  connection.flush(2 * TCP_BLOCKED_US - 2);
  expect(connection.isBlocked(2 * TCP_BLOCKED_US - 2)).toBe(false);
  expect(connection.isBlocked(2 * TCP_BLOCKED_US - 1)).toBe(true);
  // Nothing to send is nothing to wait for.
  stream.room = Number.POSITIVE_INFINITY;
  connection.flush(3 * TCP_BLOCKED_US);
  expect(connection.isBlocked(9 * TCP_BLOCKED_US)).toBe(false);
});

test("tcp-line: after its end nothing is taken, and nobody waits for it", () => {
  put(1);
  stream.over = true;
  connection.flush(0);
  expect([connection.over, connection.stalled, put(2)]).toEqual([true, true, false]);
  connection.send(PATH, packet(1), 5);
  connection.flush(1);
  expect([connection.stalled, stream.written.length]).toEqual([true, 0]);
  expect(connection.read(regionOf(10), 0, 10)).toBe(-1);
});

test("tcp-line: a packet stays in the room that was given", () => {
  connection.reserve(10);
  expect(() => connection.commit(PATH, 11)).toThrow(AssertionError);
  connection.reserve(10);
  connection.commit(PATH, 10);
  expect(() => connection.commit(PATH, 10)).toThrow(AssertionError);
});
