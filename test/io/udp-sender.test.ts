import { afterEach, beforeEach, expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { libc, setOption } from "../../src/io/libc.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { GSO_SEGMENTS_MAX, SEND_ARENA_BYTES, SEND_MESSAGES_MAX } from "../../src/limits.ts";
import { copyPath, type Path } from "../../src/wire/path.ts";
import { VIA } from "../support/transport.ts";

const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_SNDBUF = 7;
const SOL_UDP = 17;
const UDP_GRO = 104;

let source: number;
let sink: number;
let path: Path;
let receiver: UdpReceiver;

beforeEach(() => {
  source = openUdpSocket("127.0.0.1", 4, 0);
  sink = openUdpSocket("127.0.0.1", 4, 0);
  path = copyPath(VIA, sockaddrOf("127.0.0.1", 4, localPort(sink)), 0);
  receiver = new UdpReceiver();
});

afterEach(() => {
  closeUdpSocket(source);
  closeUdpSocket(sink);
});

/** Queues a datagram of `length` bytes, all of them `mark`. */
function queue(sender: UdpSender, to: Path, length: number, mark: number): boolean {
  const at = sender.reserve(length);
  if (at < 0) return false;
  sender.region.bytes.fill(mark, at, at + length);
  sender.commit(to, length);
  return true;
}

/** Everything that came: length and first byte of each datagram, whose bytes are all alike. */
function received(fd = sink): [number, number][] {
  const all: [number, number][] = [];
  for (let count = receiver.receive(fd); count > 0; count = receiver.receive(fd)) {
    for (let i = 0; i < count; i += 1) {
      const [at, length] = [receiver.offset(i), receiver.length(i)];
      const mark = receiver.region.bytes[at]!;
      expect(receiver.region.bytes.subarray(at, at + length).every((b) => b === mark)).toBe(true);
      all.push([length, mark]);
    }
  }
  return all;
}

/** How the kernel saw the messages: with UDP_GRO loopback hands them over unsplit. */
function messages(sender: UdpSender): number[] {
  expect(setOption(sink, SOL_UDP, UDP_GRO, 1)).toBe(true);
  expect(sender.flush()).toBe(true);
  const buffer = new Uint8Array(65_536);
  const sizes: number[] = [];
  for (;;) {
    const count = libc.read(sink, buffer, buffer.length);
    if (count < 0) return sizes;
    sizes.push(count);
  }
}

for (const [gso, batching] of [
  [true, true],
  [false, true],
  [true, false],
  [false, false],
] as const) {
  test(`runs and tails arrive whole and in order (${gso ? "GSO" : "one by one"}, ${batching ? "batched" : "single"} calls)`, () => {
    const sender = new UdpSender(source, gso, batching);
    const lengths = [1200, 1200, 1200, 700, 700, 1200, 80, 1, 1201, 1200, 1200];
    lengths.forEach((length, i) => {
      expect(queue(sender, path, length, i + 1)).toBe(true);
    });
    expect(sender.flush()).toBe(true);
    expect(received()).toEqual(lengths.map((length, i) => [length, i + 1]));
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    expect(sender.counters).toEqual({ datagrams: lengths.length, bytes, errors: 0, dropped: 0 });
  });
}

test("equal sizes join, a shorter one ends the run, a longer one begins another", () => {
  const sender = new UdpSender(source, true);
  for (const length of [1000, 1000, 400, 400, 500, 500]) queue(sender, path, length, 1);
  expect(messages(sender)).toEqual([2400, 400, 1000]);
});

test("a run has sixteen segments at most", () => {
  const sender = new UdpSender(source, true);
  for (let i = 0; i < 2 * GSO_SEGMENTS_MAX + 3; i += 1) queue(sender, path, 1000, 1);
  expect(messages(sender)).toEqual([16_000, 16_000, 3000]);
});

test("runs of different paths stay apart", () => {
  const other = openUdpSocket("127.0.0.1", 4, 0);
  try {
    const otherPath = copyPath(VIA, sockaddrOf("127.0.0.1", 4, localPort(other)), 0);
    const sender = new UdpSender(source, true);
    for (const [to, mark] of [
      [path, 1],
      [path, 2],
      [otherPath, 3],
      [path, 4],
    ] as const) {
      queue(sender, to, 900, mark);
    }
    expect(sender.flush()).toBe(true);
    expect(received(other)).toEqual([[900, 3]]);
    expect(received().map(([, mark]) => mark)).toEqual([1, 2, 4]);
  } finally {
    closeUdpSocket(other);
  }
});

test("more than the arena or the message table holds goes out in between", () => {
  const sender = new UdpSender(source, true);
  const count = Math.ceil(SEND_ARENA_BYTES / 1200) + 10;
  let got = 0;
  for (let i = 0; i < count; i += 1) {
    expect(queue(sender, path, 1200, i & 255)).toBe(true);
    if (i % 100 === 0) got += received().length;
  }
  sender.flush();
  expect(got + received().length).toBe(count);
  // No two neighbours of one size: each is a message of its own.
  for (let i = 0; i < 3 * SEND_MESSAGES_MAX; i += 1) {
    expect(queue(sender, path, 100 + (i % 2) * 100 + i, 1)).toBe(true);
  }
  sender.flush();
  expect(received()).toHaveLength(3 * SEND_MESSAGES_MAX);
});

test("a destination that refuses costs its own datagrams only", () => {
  const sender = new UdpSender(source, true);
  const unreachable = copyPath(VIA, sockaddrOf("240.0.0.1", 4, 9), 0);
  queue(sender, path, 500, 1);
  queue(sender, unreachable, 500, 2);
  queue(sender, path, 500, 3);
  expect(sender.flush()).toBe(true);
  expect(received()).toEqual([
    [500, 1],
    [500, 3],
  ]);
  expect(sender.counters).toMatchObject({ datagrams: 2, errors: 1 });
});

test("IPv6", () => {
  const [from, to] = [openUdpSocket("::1", 6, 0), openUdpSocket("::1", 6, 0)];
  try {
    const sender = new UdpSender(from, true);
    const target = copyPath(VIA, sockaddrOf("::1", 6, localPort(to)), 0);
    for (let i = 0; i < 5; i += 1) queue(sender, target, 1100, i);
    expect(sender.flush()).toBe(true);
    expect(received(to)).toEqual([0, 1, 2, 3, 4].map((i) => [1100, i]));
  } finally {
    closeUdpSocket(from);
    closeUdpSocket(to);
  }
});

/**
 * Loopback hands datagrams over at once, so a send buffer fills only while the receiver's queue
 * holds them: an AF_UNIX datagram pair refuses with EAGAIN as a full network card does.
 */
test("a full kernel buffer keeps the queue, refuses what comes, and goes on where it stopped", () => {
  const gate = new Gate();
  try {
    const sender = new UdpSender(gate.source, false);
    let queued = 0;
    while (!sender.blocked || sender.flush()) {
      expect(queue(sender, gate.path, 1000, queued & 255)).toBe(true);
      queued += 1;
    }
    // Room in arena and table is still given.
    while (queue(sender, gate.path, 1000, queued & 255)) queued += 1;
    for (let i = 0; i < 5; i += 1) expect(queue(sender, gate.path, 1000, 0)).toBe(false);
    expect(blocked(sender)).toBe(true);
    const marks: number[] = [];
    for (;;) {
      marks.push(...gate.take());
      if (sender.flush()) break;
    }
    marks.push(...gate.take());
    expect(marks).toEqual(Array.from({ length: queued }, (_, i) => i & 255));
    expect(blocked(sender)).toBe(false);
    // Whoever was refused keeps what it has: nothing of that is lost.
    expect(sender.counters).toMatchObject({ datagrams: queued, errors: 0, dropped: 0 });
  } finally {
    gate.close();
  }
});

test("what nobody keeps is dropped when there is no room, and counted", () => {
  const gate = new Gate();
  try {
    const sender = new UdpSender(gate.source, false);
    const datagram = new Uint8Array(1200).fill(9);
    sender.send(gate.path, datagram, 700);
    expect(sender.flush()).toBe(true);
    expect(gate.take()).toEqual([9]);
    expect(sender.counters).toMatchObject({ datagrams: 1, bytes: 700, dropped: 0 });
    while (queue(sender, gate.path, 1000, 1));
    for (let i = 0; i < 3; i += 1) sender.send(gate.path, datagram, 1000);
    expect(sender.counters.dropped).toBe(3);
  } finally {
    gate.close();
  }
});

test("the arena is full while the kernel takes nothing: reserve says so", () => {
  const gate = new Gate();
  try {
    const sender = new UdpSender(gate.source, false);
    while (!sender.blocked || sender.flush()) queue(sender, gate.path, 1000, 0);
    expect(sender.reserve(SEND_ARENA_BYTES)).toBe(-1);
    expect(sender.reserve(1000)).toBeGreaterThanOrEqual(0);
    gate.take();
    expect(sender.flush()).toBe(true);
    expect(sender.reserve(SEND_ARENA_BYTES)).toBe(0);
  } finally {
    gate.close();
  }
});

test("a stalled sender has no room to offer, but takes what nobody keeps", () => {
  const gate = new Gate();
  try {
    const sender = new UdpSender(gate.source, false);
    const at = sender.reserve(100);
    sender.stalled = true;
    expect(sender.reserve(100)).toBe(-1);
    // Nor may what was offered before be used now.
    expect(() => sender.commit(gate.path, 100)).toThrow(AssertionError);
    sender.send(gate.path, new Uint8Array(100).fill(7), 100);
    expect(sender.flush()).toBe(true);
    expect(gate.take()).toEqual([7]);
    sender.stalled = false;
    expect(sender.reserve(100)).toBe(at);
  } finally {
    gate.close();
  }
});

/** Read anew each time: the compiler takes a getter that it has seen for a constant. */
const blocked = (sender: UdpSender): boolean => sender.blocked;

/** A pair of AF_UNIX datagram sockets with a small buffer between them. */
class Gate {
  readonly source: number;
  readonly path: Path;
  readonly #sink: number;
  readonly #buffer = new Uint8Array(2048);

  constructor() {
    const [AF_UNIX, SOCK_DGRAM_NONBLOCK] = [1, 2 | 0o4000];
    this.#sink = libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
    this.source = libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
    // An abstract name: a NUL in front, nothing on disk.
    const name = new TextEncoder().encode(`\0sw-${process.pid}-${this.source}`);
    const sockaddr = Uint8Array.of(AF_UNIX, 0, ...name).slice(0, 28);
    expect(libc.bind(this.#sink, sockaddr, sockaddr.length)).toBe(0);
    if (!setOption(this.source, SOL_SOCKET, SO_SNDBUFFORCE, 8_192)) {
      setOption(this.source, SOL_SOCKET, SO_SNDBUF, 8_192);
    }
    this.path = { via: VIA, sockaddr };
  }

  /** First bytes of all that waits. */
  take(): number[] {
    const marks: number[] = [];
    while (libc.read(this.#sink, this.#buffer, this.#buffer.length) > 0) {
      marks.push(this.#buffer[0]!);
    }
    return marks;
  }

  close(): void {
    libc.close(this.source);
    libc.close(this.#sink);
  }
}
