import { expect, test } from "bun:test";
import { Counter, type CounterName } from "../../src/contract/counters.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { FakeReceiver, FakeSender } from "./fake-sockets.ts";

const CLOCK = (): number => 0;

/** Two sockets, descriptors 40 and 41. */
class Pair {
  readonly senders = [new FakeSender(), new FakeSender()];
  /** What the poller was told: descriptor, index, wanted. */
  readonly told: (readonly [number, number, boolean])[] = [];
  readonly sockets: Sockets;
  readonly #counters = WorkerBlock.create().counters;

  constructor() {
    const poller = {
      wantWritable: (fd: number, index: number, wanted: boolean) => {
        this.told.push([fd, index, wanted]);
      },
    };
    const receiver = new FakeReceiver();
    this.sockets = new Sockets([40, 41], receiver, this.senders, poller, this.#counters);
  }

  /** The end of a turn at `now`, after something has left by each socket that takes something. */
  flush(now: number): void {
    for (const sender of this.senders) if (!sender.full) sender.counters.datagrams += 1;
    this.sockets.flush(() => now);
    this.sockets.copyCounters();
  }

  /** Whether they are waited for together, and each stalled. */
  get state(): boolean[] {
    return [this.sockets.blocked, ...this.senders.map(({ stalled }) => stalled)];
  }

  of(name: CounterName): number {
    return this.#counters[Counter[name]]!;
  }
}

test("a full socket blocks the worker until it drains, and the poller waits for it", () => {
  const pair = new Pair();
  pair.sockets.flush(CLOCK);
  expect([pair.sockets.blocked, pair.told]).toEqual([false, []]);
  pair.senders[1]!.full = true;
  pair.sockets.flush(CLOCK);
  pair.sockets.flush(CLOCK);
  expect([pair.sockets.blocked, pair.told]).toEqual([true, [[41, 1, true]]]);
  expect(pair.of("sendBufferFull")).toBe(1);
  pair.senders[1]!.full = false;
  pair.sockets.flush(CLOCK);
  expect([pair.sockets.blocked, pair.told.at(-1)]).toEqual([false, [41, 1, false]]);
});

test("a full socket is waited for up to 10 ms while another one takes something", () => {
  const pair = new Pair();
  const [one, other] = pair.senders as [FakeSender, FakeSender];
  pair.flush(0);
  other.full = true;
  pair.flush(1_000);
  expect([pair.state, pair.sockets.nextTimeout]).toEqual([[true, false, false], 11_000]);
  pair.flush(10_999);
  expect(pair.state).toEqual([true, false, false]);
  pair.flush(11_000);
  expect([pair.state, pair.sockets.nextTimeout]).toEqual([[false, false, true], Infinity]);
  other.full = false;
  pair.flush(20_000);
  expect(pair.state).toEqual([false, false, false]);
  // Again so soon: not a moment, but for a second only.
  other.full = true;
  pair.flush(30_000);
  expect(pair.state).toEqual([false, false, true]);
  other.full = false;
  pair.flush(40_000);
  other.full = true;
  pair.flush(1_040_000);
  expect([pair.state, one.stalled]).toEqual([[true, false, false], false]);
});

test("while no other one takes anything a full socket is waited for as long as it lasts", () => {
  const pair = new Pair();
  const [one, other] = pair.senders as [FakeSender, FakeSender];
  pair.flush(0);
  other.full = true;
  one.full = true;
  pair.flush(1_000);
  pair.flush(900_000);
  expect([pair.state, pair.sockets.nextTimeout]).toEqual([[true, false, false], Infinity]);
  // From now on somebody waits in vain.
  one.full = false;
  pair.flush(1_000_000);
  expect([pair.state, pair.sockets.nextTimeout]).toEqual([[true, false, false], 1_010_000]);
  pair.flush(1_010_000);
  expect(pair.state).toEqual([false, false, true]);
  // The last one that takes something fills: the stalled one is no reason to go on ...
  one.full = true;
  pair.flush(1_020_000);
  pair.flush(1_100_000);
  expect(pair.state).toEqual([true, false, true]);
  // ... until it drains, though nothing has left by it for long.
  other.full = false;
  pair.flush(1_200_000);
  pair.flush(1_210_000);
  expect(pair.state).toEqual([false, true, false]);
});

test("who waits in vain waits anew when everybody has waited in between", () => {
  const pair = new Pair();
  const [one, other] = pair.senders as [FakeSender, FakeSender];
  pair.flush(0);
  other.full = true;
  pair.flush(1_000);
  one.full = true;
  pair.flush(5_000);
  one.full = false;
  pair.flush(20_000);
  expect([pair.state, pair.sockets.nextTimeout]).toEqual([[true, false, false], 30_000]);
});

test("that nothing leaves while all wait does not count", () => {
  const pair = new Pair();
  pair.flush(0);
  pair.senders[1]!.full = true;
  for (const now of [1_000, 5_000, 11_000]) {
    pair.sockets.flush(() => now);
    pair.sockets.copyCounters();
  }
  expect(pair.state).toEqual([false, false, true]);
});

test("a socket by which nothing leaves is no reason to go on", () => {
  const pair = new Pair();
  const [one, other] = pair.senders as [FakeSender, FakeSender];
  other.full = true;
  for (const now of [0, 100_000]) {
    pair.sockets.flush(() => now);
    pair.sockets.copyCounters();
  }
  expect(pair.state).toEqual([true, false, false]);
  // Somebody comes by it.
  one.counters.datagrams += 1;
  pair.sockets.copyCounters();
  for (const now of [100_000, 110_000]) pair.sockets.flush(() => now);
  expect(pair.state).toEqual([false, false, true]);
});

test("what the kernel refused and what had no room are told apart, of all sockets", () => {
  const pair = new Pair();
  Object.assign(pair.senders[0]!.counters, { datagrams: 10, bytes: 1000, errors: 2 });
  Object.assign(pair.senders[1]!.counters, { datagrams: 5, bytes: 500, dropped: 4 });
  pair.sockets.copyCounters();
  expect([pair.of("datagramsOut"), pair.of("bytesOut")]).toEqual([15, 1500]);
  expect([pair.of("sendErrors"), pair.of("sendsDropped")]).toEqual([2, 4]);
  pair.senders[1]!.counters.dropped += 1;
  pair.sockets.copyCounters();
  expect([pair.of("sendErrors"), pair.of("sendsDropped")]).toEqual([2, 5]);
});
