import { expect, test } from "bun:test";
import { Staging } from "../../src/feed/staging.ts";
import { CATCH_UP_BURST_BYTES, CATCH_UP_INTERVAL_US } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { FillBudget } from "../../src/relay/fill-budget.ts";
import { Fills } from "../../src/relay/fills.ts";
import { LinkOutput } from "../../src/relay/link-output.ts";
import { Pace } from "../../src/relay/pace.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { DATA_OVERHEAD, DataFrame } from "../../src/wire/cascade/data.ts";
import { readDatagram } from "../../src/wire/cascade/datagram.ts";
import { allocate, counters, grantOf, Port, READER, writePacket } from "./slots.ts";

const NOW = 1_000_000;

/** A ring with the packets 100 to 299, but 150. */
class Ground {
  readonly port = new Port();
  readonly output = new LinkOutput(this.port);
  readonly writer = new DataWriter(this.output, counters());
  readonly budget = new FillBudget();
  readonly pace = new Pace();
  readonly fills: Fills;
  now = NOW;

  readonly ring: RingWriter;

  constructor(length = 100) {
    const { buffer } = grantOf("video");
    this.ring = new RingWriter(buffer);
    for (let i = 100; i < 300; i += 1) if (i !== 150) writePacket(this.ring, i, NOW, 0, length);
    const reader = new RingReader(buffer, READER);
    const scratch = new Staging(allocate(Staging.bytes(1)), 1);
    this.fills = new Fills(2, 1, reader, this.writer, scratch, this.budget, this.pace);
  }

  /** The sequences that left until nothing was asked for any more. */
  run(): number[] {
    for (; this.fills.pending; this.now += CATCH_UP_INTERVAL_US) this.fills.step(this.now);
    return this.left();
  }

  /** Those that left since this was asked last. */
  left(): number[] {
    this.output.flush();
    const sequences: number[] = [];
    for (const bytes of this.port.sent.splice(0)) {
      readDatagram(bytes, 0, bytes.length, new DataFrame(), {
        data: ({ sequence }) => sequences.push(sequence),
        frame: () => {},
      });
    }
    return sequences;
  }
}

test("cascade-holes: what is asked for leaves in its order, but what is not there", () => {
  const ground = new Ground();
  const stretches = [
    { from: 148, count: 4 },
    { from: 99, count: 2 },
    { from: 299, count: 3 },
  ];
  ground.fills.ask(stretches, null);
  expect(ground.run()).toEqual([148, 149, 151, 100, 299]);
});

test("cascade-pace: some at once and the rest by and by, so that no repair is a loss of its own", () => {
  const ground = new Ground(1_000);
  ground.pace.measured = 1_000_000;
  ground.fills.ask([{ from: 200, count: 50 }], null);
  expect(ground.fills.nextTimeout()).toBeLessThanOrEqual(NOW);
  ground.fills.step(NOW);
  const first = ground.left().length;
  expect(first).toBe(Math.ceil(CATCH_UP_BURST_BYTES / (1_000 + DATA_OVERHEAD)));
  const due = ground.fills.nextTimeout();
  expect(due).toBeGreaterThanOrEqual(NOW + CATCH_UP_INTERVAL_US);
  ground.fills.step(due - 1);
  expect(ground.left()).toHaveLength(0);
  ground.now = due;
  expect(ground.run()).toHaveLength(50 - first);
  // 2 Mb/s.
  const us = ((50 - first) * (1_000 + DATA_OVERHEAD) * 8) / 2;
  expect(Math.abs(ground.now - NOW - us)).toBeLessThan(10_000);
  expect(ground.fills.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
});

test("of what is asked no more than the budget leaves", () => {
  const ground = new Ground(1000);
  ground.fills.ask([{ from: 151, count: 100 }], null);
  expect(ground.run()).toHaveLength(64);
  ground.fills.ask([{ from: 151, count: 100 }], null);
  expect(ground.run()).toHaveLength(0);
  ground.budget.earn(40_000);
  ground.fills.ask([{ from: 151, count: 100 }], null);
  expect(ground.run()).toHaveLength(10);
});

test("a full output costs none of it", () => {
  const ground = new Ground(1000);
  ground.port.room = 0;
  ground.fills.ask([{ from: 151, count: 100 }], null);
  for (let i = 0; i < 200; i += 1, ground.now += CATCH_UP_INTERVAL_US)
    ground.fills.step(ground.now);
  ground.port.room = Number.POSITIVE_INFINITY;
  expect(ground.run()).toHaveLength(64);
});

test("1,024 packets wait at most, however much is asked for", () => {
  const ground = new Ground(0);
  for (let i = 0; i < 100; i += 1) ground.fills.ask([{ from: 151, count: 8192 }], null);
  const before = ground.now;
  expect(ground.run()).toHaveLength(149);
  expect(ground.now - before).toBeLessThanOrEqual(256_000);
});

test("cascade-holes: what came into the ring meanwhile is earned, whether it flows to the child or not", () => {
  const ground = new Ground(1000);
  ground.fills.ask([{ from: 151, count: 100 }], null);
  expect(ground.run()).toHaveLength(64);
  for (let i = 300; i < 340; i += 1) writePacket(ground.ring, i, NOW, 0, 1000);
  ground.fills.ask([{ from: 300, count: 40 }], null);
  expect(ground.run()).toHaveLength(10);
});

test("cascade-pace: what is asked for of a group that leaves tells how much of it the link loses", () => {
  const ground = new Ground();
  ground.pace.begin(4_000_000);
  for (let i = 0; i < 40; i += 1) ground.pace.left(1_000, NOW);
  ground.fills.ask([{ from: 200, count: 5 }], null);
  expect(ground.pace.bits).toBe(8_000_000);
  ground.fills.ask([{ from: 205, count: 5 }], null);
  expect(ground.pace.bits).toBe(5_000_000);
});

test("cascade-twice: an asking that comes twice is answered once, another for the same anew", () => {
  const ground = new Ground();
  const stretches = [{ from: 200, count: 2 }];
  // The one that left first may come last.
  for (const number of [null, 65_535, 0, 65_535, 0]) ground.fills.ask(stretches, number);
  expect(ground.run()).toEqual([200, 201, 200, 201, 200, 201]);
  ground.fills.ask(stretches, 0);
  expect(ground.run()).toEqual([]);
  for (const number of [1, 64, null, null]) ground.fills.ask([{ from: 210, count: 1 }], number);
  expect(ground.run()).toEqual([210, 210, 210, 210]);
});
