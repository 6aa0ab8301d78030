import { expect, test } from "bun:test";
import { Counter, type CounterName } from "../../src/contract/counters.ts";
import { LoopMeter } from "../../src/host/loop-meter.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";

/** A meter of two sockets whose senders and peers have counted something. */
class Metered {
  readonly block = WorkerBlock.create();
  readonly peers = createPeerCounters();
  readonly senders = [0, 1].map(() => ({
    counters: { datagrams: 0, bytes: 0, errors: 0, dropped: 0 },
  }));
  readonly meter = new LoopMeter(this.block, { size: 3 }, this.senders, this.peers);
  #now = 0;

  /** Long enough turns that what was counted is told. */
  tell(): void {
    this.meter.turn(this.#now, this.#now + 1_000);
    this.#now += 1e6;
    this.meter.turn(this.#now, this.#now + 1_000);
  }

  of(name: CounterName): number {
    return this.block.counters[Counter[name]]!;
  }
}

test("what the kernel refused and what had no room are told apart, of all sockets", () => {
  const metered = new Metered();
  Object.assign(metered.senders[0]!.counters, { datagrams: 10, bytes: 1000, errors: 2 });
  Object.assign(metered.senders[1]!.counters, { datagrams: 5, bytes: 500, dropped: 4 });
  metered.tell();
  expect(metered.of("datagramsOut")).toBe(15);
  expect(metered.of("bytesOut")).toBe(1500);
  expect(metered.of("sendErrors")).toBe(2);
  expect(metered.of("sendsDropped")).toBe(4);
  metered.senders[1]!.counters.dropped += 1;
  metered.tell();
  expect([metered.of("sendErrors"), metered.of("sendsDropped")]).toEqual([2, 5]);
});

test("what ingest and egress count under the same name as the peers adds up", () => {
  const metered = new Metered();
  metered.block.counters[Counter.malformed]! += 5;
  metered.block.counters[Counter.rtcpOverBudget]! += 6;
  Object.assign(metered.peers, { stunMalformed: 1, srtpMalformed: 2, rtcpOverBudget: 4 });
  metered.tell();
  metered.tell();
  expect([metered.of("malformed"), metered.of("rtcpOverBudget")]).toEqual([8, 10]);
  expect(metered.of("sessions")).toBe(3);
});
