import { beforeEach, expect, test } from "bun:test";
import { Acceptor, type TcpRefusal } from "../../../src/control/plane/acceptor.ts";
import type { Accepted } from "../../../src/io/tcp-socket.ts";
import { sockaddrOf } from "../../../src/io/udp-socket.ts";
import {
  FIRST_FRAME_BYTES_MAX,
  FIRST_FRAME_US,
  PENDING_CONNECTIONS_MAX,
  PENDING_CONNECTIONS_PER_ADDRESS,
} from "../../../src/limits.ts";
import { checkFor, framed, regionOf } from "../../host/fake-streams.ts";

const LISTENER = 3;
const text = new TextEncoder();

/** Clients and a kernel that a test plays. */
class World {
  now = 0;
  readonly waiting: (Accepted | Error)[] = [];
  readonly coming = new Map<number, (Uint8Array | null)[]>();
  readonly open = new Set<number>();
  readonly watched = new Map<number, number>();
  readonly taken: { ufrag: string; bytes: Uint8Array; fd: number }[] = [];
  readonly refused: TcpRefusal[] = [];
  readonly failures: unknown[] = [];
  answer: TcpRefusal | null = null;
  #ready: number[] = [];
  #fd = 100;
  readonly acceptor = new Acceptor(
    [LISTENER],
    {
      accept: () => {
        const next = this.waiting.shift() ?? null;
        if (next instanceof Error) throw next;
        return next;
      },
      read: (fd, region, offset, room) => {
        const bytes = this.coming.get(fd)!.shift();
        if (bytes === null) return -1;
        if (bytes === undefined) return 0;
        region.bytes.set(bytes.subarray(0, room), offset);
        return Math.min(room, bytes.length);
      },
      close: (fd) => void this.open.delete(fd),
      allocate: regionOf,
      set: {
        add: (fd, number) => void this.watched.set(fd, number),
        remove: (fd) => void this.watched.delete(fd),
        wait: () => {
          const isReady = (fd: number) =>
            fd === LISTENER ? this.waiting.length > 0 : this.coming.get(fd)!.length > 0;
          this.#ready = [...this.watched].filter(([fd]) => isReady(fd)).map(([, each]) => each);
          return this.#ready.length;
        },
        ready: (i) => this.#ready[i]!,
      },
    },
    {
      take: ({ fd }, ufrag, bytes) => {
        this.taken.push({ fd, ufrag, bytes });
        return this.answer;
      },
      refused: (why) => void this.refused.push(why),
      failed: (error) => void this.failures.push(error),
    },
  );

  connect(address: string, ...chunks: readonly (Uint8Array | null)[]): number {
    this.#fd += 1;
    const family = address.includes(":") ? 6 : 4;
    this.waiting.push({ fd: this.#fd, sockaddr: sockaddrOf(address, family, 5000) });
    this.coming.set(this.#fd, [...chunks]);
    this.open.add(this.#fd);
    return this.#fd;
  }

  turn(us = 20_000): void {
    this.now += us;
    this.acceptor.turn(this.now);
  }

  turns(count: number): void {
    for (let i = 0; i < count; i += 1) this.turn();
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

test("tcp-door: a connection is handed over by the check that it begins with, all that was read with it", () => {
  const bytes = new Uint8Array(Buffer.concat([checkFor("ours"), new Uint8Array([0, 9, 1])]));
  const fd = world.connect("192.0.2.1", bytes);
  world.turns(2);
  expect(world.taken).toEqual([{ fd, ufrag: "ours", bytes }]);
  // Whose it is now is nothing to the acceptor.
  expect([world.acceptor.pending, world.watched.has(fd), world.open.has(fd)]).toEqual([
    0,
    false,
    true,
  ]);
});

test("tcp-door: it may come byte by byte", () => {
  const bytes = checkFor("slow");
  world.connect("192.0.2.1", ...[...bytes].map((byte) => new Uint8Array([byte])));
  world.turns(bytes.length);
  expect(world.taken).toHaveLength(0);
  world.turn();
  expect(world.taken).toMatchObject([{ ufrag: "slow", bytes }]);
});

test("tcp-door: who begins with another thing is sent away without an answer", () => {
  const dtls = new Uint8Array(20);
  dtls[0] = 22;
  const anonymous = new Uint8Array(20);
  anonymous.set([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
  const response = checkFor("ours").slice();
  response[2] = 1;
  const others = [
    text.encode("GET / HTTP/1.1\r\n\r\n"),
    framed(dtls),
    framed(anonymous),
    framed(new Uint8Array(0)),
    response,
    framed(new Uint8Array(FIRST_FRAME_BYTES_MAX)).subarray(0, 2),
    null,
  ];
  for (const bytes of others) world.connect("192.0.2.1", bytes);
  world.turns(2);
  expect(world.refused).toEqual(others.map(() => "no-check"));
  expect([world.open.size, world.taken.length, world.acceptor.pending]).toEqual([0, 0, 0]);
});

test("tcp-door: who is refused is closed, and why is told", () => {
  world.answer = "unknown";
  world.connect("192.0.2.1", checkFor("nobody's"));
  world.turns(2);
  expect([world.refused, world.open.size]).toEqual([["unknown"], 0]);
});

test("tcp-door: who says nothing is closed after five seconds", () => {
  world.connect("192.0.2.1", checkFor("half").subarray(0, 30));
  world.turn(0);
  world.turn(FIRST_FRAME_US - 1);
  expect(world.open.size).toBe(1);
  world.turn(1);
  expect([world.refused, world.open.size, world.watched.size]).toEqual([["late"], 0, 1]);
});

test("tcp-door: an address has so many waiting and no more, a /64 counts as one", () => {
  const many = PENDING_CONNECTIONS_PER_ADDRESS;
  for (let i = 0; i <= many; i += 1) world.connect("192.0.2.1");
  for (let i = 0; i <= many; i += 1) world.connect(`2001:db8::${(i + 1).toString(16)}`);
  world.connect("192.0.2.2");
  world.turns(4);
  expect(world.refused).toEqual(["address", "address"]);
  expect(world.open.size).toBe(2 * many + 1);
  // One that has told makes room for another.
  const [first] = world.open;
  world.coming.get(first!)!.push(checkFor("ours"));
  world.turn();
  world.connect("192.0.2.1");
  world.turn();
  expect([world.refused.length, world.taken.length]).toEqual([2, 1]);
});

test("tcp-door: in a crowd the oldest makes room", () => {
  const addresses = PENDING_CONNECTIONS_MAX / PENDING_CONNECTIONS_PER_ADDRESS;
  const first = world.connect("10.0.0.1");
  for (let i = 1; i < PENDING_CONNECTIONS_MAX; i += 1)
    world.connect(`10.0.0.${1 + (i % addresses)}`);
  world.connect("10.0.1.1", checkFor("ours"));
  world.turns(PENDING_CONNECTIONS_MAX / 64 + 3);
  expect(world.refused).toEqual(["crowd"]);
  expect(world.open.has(first)).toBe(false);
  expect(world.taken).toMatchObject([{ ufrag: "ours" }]);
});

test("tcp-door: without a descriptor for it a connection waits, and the acceptor does not spin", () => {
  world.waiting.push(new Error("accept: Too many open files"));
  world.connect("192.0.2.1", checkFor("ours"));
  world.turns(10);
  expect([world.failures.length, world.taken.length]).toEqual([1, 0]);
  world.turn(1_000_000);
  world.turn();
  expect([world.failures.length, world.taken.length]).toEqual([1, 1]);
});

test("tcp-door: at its end nothing stays open", () => {
  world.connect("192.0.2.1");
  world.turn();
  world.acceptor.close();
  expect([world.open.size, world.acceptor.pending]).toEqual([0, 0]);
});
