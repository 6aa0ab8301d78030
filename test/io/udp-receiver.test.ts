import { afterEach, beforeEach, expect, test } from "bun:test";
import { monotonicUs } from "../../src/io/clock.ts";
import { libc } from "../../src/io/libc.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { DATAGRAM_BYTES_MAX, RECEIVE_BATCH } from "../../src/limits.ts";
import { copyPath, formatPath } from "../../src/wire/path.ts";
import { inTime, timed } from "../support/timed.ts";
import { VIA } from "../support/transport.ts";

let from: number;
let to: number;
const receiver = new UdpReceiver();

beforeEach(() => {
  from = openUdpSocket("127.0.0.1", 4, 0);
  to = openUdpSocket("127.0.0.1", 4, 0);
});

afterEach(() => {
  closeUdpSocket(from);
  closeUdpSocket(to);
});

function send(bytes: Uint8Array, length = bytes.length): void {
  const target = sockaddrOf("127.0.0.1", 4, localPort(to));
  expect(libc.sendto(from, bytes, length, 0, target, target.length)).toBe(length);
}

const bytesOf = (i: number) =>
  receiver.region.bytes.slice(receiver.offset(i), receiver.offset(i) + receiver.length(i));

test("an empty socket gives 0 at once", () => {
  expect(receiver.receive(to)).toBe(0);
});

test("lengths, bytes and where each came from", () => {
  send(Uint8Array.of(1));
  send(new Uint8Array(1), 0);
  send(new Uint8Array(DATAGRAM_BYTES_MAX).fill(3));
  expect(receiver.receive(to)).toBe(3);
  expect([0, 1, 2].map((i) => receiver.length(i))).toEqual([1, 0, DATAGRAM_BYTES_MAX]);
  expect(bytesOf(0)).toEqual(Uint8Array.of(1));
  expect(bytesOf(2).every((byte) => byte === 3)).toBe(true);
  const path = copyPath(VIA, receiver.names, receiver.nameOffset(2));
  expect(formatPath(path)).toBe(`127.0.0.1:${localPort(from)}`);
});

test("a datagram that is too long is cut and stays out of the next one's slot", () => {
  send(new Uint8Array(3_000).fill(9));
  send(Uint8Array.of(5));
  expect(receiver.receive(to)).toBe(2);
  expect(receiver.length(0)).toBe(DATAGRAM_BYTES_MAX);
  expect(bytesOf(1)).toEqual(Uint8Array.of(5));
});

test("batches: not more than RECEIVE_BATCH, the rest with the next call, in order", () => {
  for (let i = 0; i < RECEIVE_BATCH + 3; i += 1) send(Uint8Array.of(i));
  expect(receiver.receive(to)).toBe(RECEIVE_BATCH);
  for (let i = 0; i < RECEIVE_BATCH; i += 1) expect(bytesOf(i)).toEqual(Uint8Array.of(i));
  expect(receiver.receive(to)).toBe(3);
  expect(bytesOf(0)).toEqual(Uint8Array.of(RECEIVE_BATCH));
  expect(receiver.receive(to)).toBe(0);
});

timed("arrivals are the kernel's: before the reading, in the order of sending", () => {
  const before = monotonicUs();
  send(Uint8Array.of(1));
  const between = monotonicUs();
  Bun.sleepSync(15);
  send(Uint8Array.of(2));
  const after = monotonicUs();
  Bun.sleepSync(15);
  expect(receiver.receive(to)).toBe(2);
  const [first, second] = [receiver.arrivals[0]!, receiver.arrivals[1]!];
  // Both clocks are read one after the other: some microseconds of doubt.
  const doubt = 2_000;
  inTime(() => {
    expect(first).toBeGreaterThan(before - doubt);
    expect(first).toBeLessThan(between + doubt);
    expect(second - first).toBeGreaterThan(15_000 - doubt);
    expect(second).toBeLessThan(after + doubt);
    expect(second).toBeLessThan(monotonicUs() - 15_000 + doubt);
  });
});

test("IPv6: the whole address", () => {
  const [source, sink] = [openUdpSocket("::1", 6, 0), openUdpSocket("::1", 6, 0)];
  try {
    const target = sockaddrOf("::1", 6, localPort(sink));
    libc.sendto(source, Uint8Array.of(7), 1, 0, target, target.length);
    expect(receiver.receive(sink)).toBe(1);
    expect(bytesOf(0)).toEqual(Uint8Array.of(7));
    const path = copyPath(VIA, receiver.names, receiver.nameOffset(0));
    expect(formatPath(path)).toBe(`[0:0:0:0:0:0:0:1]:${localPort(source)}`);
    // An IPv4 datagram afterwards says so again.
    send(Uint8Array.of(8));
    expect(receiver.receive(to)).toBe(1);
    expect(formatPath(copyPath(VIA, receiver.names, 0))).toStartWith("127.0.0.1:");
  } finally {
    closeUdpSocket(source);
    closeUdpSocket(sink);
  }
});

test("sockaddrs of IPv6 literals", () => {
  const groups = (address: string) =>
    formatPath(copyPath(VIA, sockaddrOf(address, 6, 80), 0))
      .replace("[", "")
      .replace("]:80", "");
  expect(groups("::")).toBe("0:0:0:0:0:0:0:0");
  expect(groups("2001:db8::7")).toBe("2001:db8:0:0:0:0:0:7");
  expect(groups("1:2:3:4:5:6:7:8")).toBe("1:2:3:4:5:6:7:8");
  expect(groups("::ffff:192.0.2.1")).toBe("0:0:0:0:0:ffff:c000:201");
  expect(groups("fe80::1%eth0")).toBe("fe80:0:0:0:0:0:0:1");
});

test("a port that is taken is an error that says so, and leaves no socket open", () => {
  const port = localPort(to);
  expect(() => openUdpSocket("127.0.0.1", 4, port)).toThrow(`bind 127.0.0.1 port ${port}`);
});
