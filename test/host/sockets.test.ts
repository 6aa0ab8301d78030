import { expect, test } from "bun:test";
import { Counter, type CounterName } from "../../src/contract/counters.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { FakeReceiver, FakeSender } from "./fake-sockets.ts";

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

  of(name: CounterName): number {
    return this.#counters[Counter[name]]!;
  }
}

test("a full socket blocks the worker until it drains, and the poller waits for it", () => {
  const pair = new Pair();
  pair.sockets.flush();
  expect([pair.sockets.blocked, pair.told]).toEqual([false, []]);
  pair.senders[1]!.full = true;
  pair.sockets.flush();
  pair.sockets.flush();
  expect([pair.sockets.blocked, pair.told]).toEqual([true, [[41, 1, true]]]);
  expect(pair.of("sendBufferFull")).toBe(1);
  pair.senders[1]!.full = false;
  pair.sockets.flush();
  expect([pair.sockets.blocked, pair.told.at(-1)]).toEqual([false, [41, 1, false]]);
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
