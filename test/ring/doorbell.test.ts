import { describe, expect, test } from "bun:test";
import { RINGS_MAX } from "../../src/limits.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { seeded } from "../support/random.ts";

function marked(block: WorkerBlock): number[] {
  const indices: number[] = [];
  block.takeMarked((index) => indices.push(index));
  return indices;
}

describe("WorkerBlock", () => {
  test("gives each marked ring back once, in order", () => {
    const block = WorkerBlock.create();
    const random = seeded(8);
    const expected = new Set<number>([0, 31, 32, RINGS_MAX - 1]);
    for (let i = 0; i < 500; i += 1) expected.add(Math.floor(random() * RINGS_MAX));
    for (const index of expected) {
      block.mark(index);
      block.mark(index);
    }
    expect(marked(block)).toEqual([...expected].sort((a, b) => a - b));
    expect(marked(block)).toEqual([]);
  });

  test("does not sleep over news, and is woken by exactly one", () => {
    const block = WorkerBlock.create();
    expect(block.mark(5)).toBe(false);
    expect(block.fallAsleep()).toBe(false);
    expect(marked(block)).toEqual([5]);
    expect(block.fallAsleep()).toBe(true);
    expect(block.mark(6)).toBe(true);
    expect(block.mark(7)).toBe(false);
    block.wakeUp();
    expect(marked(block)).toEqual([6, 7]);
    expect(block.fallAsleep()).toBe(true);
    block.wakeUp();
    expect(block.mark(8)).toBe(false);
  });

  test("who dozes is woken for what is urgent alone, and finds the rest at the end", () => {
    const block = WorkerBlock.create();
    expect(block.fallAsleep(true)).toBe(true);
    expect(block.mark(5, false)).toBe(false);
    expect(block.mark(6)).toBe(true);
    expect(block.mark(6)).toBe(false);
    expect(marked(block)).toEqual([5, 6]);
    // Asleep it hears of everything; and it does not doze over news either.
    expect(block.fallAsleep()).toBe(true);
    expect(block.mark(7, false)).toBe(true);
    expect(block.fallAsleep(true)).toBe(false);
    expect(marked(block)).toEqual([7]);
  });

  test("the bitmap and the counters do not touch each other", () => {
    const block = WorkerBlock.create();
    block.counters.fill(1.5);
    expect(marked(block)).toEqual([]);
    for (let index = 0; index < RINGS_MAX; index += 1) block.mark(index);
    expect([...block.counters].every((value) => value === 1.5)).toBe(true);
    block.beat();
    expect(block.heartbeat).toBe(1);
    expect(marked(block).length).toBe(RINGS_MAX);
  });
});

test("a wish wakes the ring's writer alone, and once while it stands unread", () => {
  const blocks = [WorkerBlock.create(), WorkerBlock.create(), WorkerBlock.create()];
  const woken: number[] = [];
  // The writer reads nothing: its number stands in no reader's place.
  const bells = new Doorbells(blocks, [0, 1], (worker) => woken.push(worker));
  for (const block of blocks) block.fallAsleep();
  bells.wish(2, 9);
  bells.wish(2, 9);
  bells.wish(2, 10);
  expect(woken).toEqual([2]);
  expect(blocks.map(marked)).toEqual([[], [], [9, 10]]);
  // What comes while it works keeps it from falling asleep, without a bell.
  bells.wish(2, 9);
  expect(blocks[2]!.fallAsleep()).toBe(false);
  expect(woken).toEqual([2]);
});

test("Doorbells wake the sleeping readers that want the ring, and no others", () => {
  const blocks = [WorkerBlock.create(), WorkerBlock.create(), WorkerBlock.create()];
  const woken: number[] = [];
  const bells = new Doorbells(blocks, [0, 1, 2], (worker) => woken.push(worker));
  blocks[0]!.fallAsleep();
  blocks[1]!.fallAsleep();
  const wanted = { wakes: (reader: number, each = false) => reader !== 1 && !each };
  bells.ring(40, wanted);
  bells.ring(40, wanted);
  expect(woken).toEqual([0]);
  expect(blocks.map(marked)).toEqual([[40], [], [40]]);
});

test("a ring of which a reader wants each packet wakes it from its doze, others with what is urgent", () => {
  const block = WorkerBlock.create();
  let woken = 0;
  const bells = new Doorbells([block], [0], () => {
    woken += 1;
  });
  const writer = new RingWriter(createRing("video"));
  const reader = new RingReader(writer.buffer, 0);
  const ring = (urgent: boolean): number => {
    block.takeMarked(() => {});
    block.fallAsleep(true);
    bells.ring(40, writer, urgent);
    return woken;
  };
  expect([ring(false), ring(true)]).toEqual([0, 0]);
  reader.want(true);
  expect([ring(false), ring(true)]).toEqual([0, 1]);
  reader.want(true, true);
  expect([ring(false), ring(true)]).toEqual([2, 3]);
  reader.want(true);
  expect(ring(false)).toBe(3);
});

test("a reader that comes by itself is never woken, though it wants the ring", () => {
  const block = WorkerBlock.create();
  let woken = 0;
  const bells = new Doorbells([block], [0], () => {
    woken += 1;
  });
  const writer = new RingWriter(createRing("video"));
  const reader = new RingReader(writer.buffer, 0);
  reader.wantUnwoken();
  block.fallAsleep();
  bells.ring(40, writer);
  expect([writer.wantedBy(0), woken]).toEqual([true, 0]);
  expect(marked(block)).toEqual([]);
  reader.want(false);
  expect(writer.wantedBy(0)).toBeFalse();
});
