import { expect, test } from "bun:test";
import { seeded } from "../support/random.ts";
import { BulkFlow } from "./bulk-flow.ts";
import { Link } from "./link.ts";
import { constant, lteLike, meanRate, steps, wifiLike } from "./rate-trace.ts";

test("a packet takes its time on the line, waits for those before it and then travels", () => {
  const link = new Link(seeded(1), { rate: constant(1e6), delayUs: 20_000 });
  expect(link.send(0, 1250)).toBe(1);
  expect(link.arrivals[0]).toBe(30_000);
  link.send(0, 1250);
  expect(link.arrivals[0]).toBe(40_000);
  expect(link.queueUs(5000)).toBe(15_000);
  link.send(100_000, 1250);
  expect(link.arrivals[0]).toBe(130_000);
});

test("a packet that is on the line when the rate changes takes both", () => {
  const link = new Link(seeded(1), { rate: steps([0, 1e6], [0.005, 0], [0.1, 2e6]) });
  link.send(0, 1250);
  // 5 of 10 ms at 1 Mb/s, a pause, 2.5 ms at 2 Mb/s.
  expect(link.arrivals[0]).toBeCloseTo(102_500, 3);
});

test("what does not fit into the queue is dropped", () => {
  const link = new Link(seeded(1), { rate: constant(1e6), queueBytes: 3000 });
  expect([1, 2, 3].map(() => link.send(0, 1200))).toEqual([1, 1, 0]);
  expect(link.send(10_000, 1200)).toBe(1);
  expect(link.dropped).toBe(1);
});

test("loss, bursts, duplicates and reordering come at their rates", () => {
  const link = new Link(seeded(2), {
    loss: 0.05,
    duplicate: 0.1,
    reorder: { share: 0.02, byUs: 10_000 },
  });
  let copies = 0;
  let late = 0;
  let newest = 0;
  for (let i = 0; i < 20_000; i += 1) {
    const count = link.send(i * 1000, 100);
    copies += count;
    if (count > 0 && link.arrivals[0]! < newest) late += 1;
    newest = Math.max(newest, link.arrivals[0]!);
  }
  expect(link.lost / 20_000).toBeCloseTo(0.05, 2);
  expect(copies / (20_000 - link.lost)).toBeCloseTo(1.1, 1);
  expect(late).toBeGreaterThan(100);
  const bursty = new Link(seeded(3), { burst: { enter: 0.01, leave: 0.2, loss: 1 } });
  for (let i = 0; i < 20_000; i += 1) bursty.send(i, 100);
  // enter / (enter + leave)
  expect(bursty.lost / 20_000).toBeCloseTo(0.048, 1);
});

test("jitter keeps the order", () => {
  const link = new Link(seeded(4), { jitterUs: 30_000, delayUs: 1000 });
  let last = 0;
  for (let i = 0; i < 1000; i += 1) {
    link.send(i * 1000, 100);
    expect(link.arrivals[0]!).toBeGreaterThanOrEqual(last);
    last = link.arrivals[0]!;
  }
});

test("radio traces have about the mean asked for and are the same for the same seed", () => {
  for (const make of [lteLike, wifiLike]) {
    const trace = make(seeded(9), 120, 3e6);
    expect(make(seeded(9), 120, 3e6)).toEqual(trace);
    const mean = meanRate(trace, 0, 120e6);
    expect(mean).toBeGreaterThan(1.8e6);
    expect(mean).toBeLessThan(4.5e6);
    expect(trace.times.every((time, i) => i === 0 || time > trace.times[i - 1]!)).toBe(true);
  }
});

test("a bulk transfer fills the link and its queue", () => {
  const link = new Link(seeded(5), { rate: constant(5e6), queueBytes: 100_000, delayUs: 20_000 });
  const flow = new BulkFlow(link, 0, 20e6, 20_000);
  let fullest = 0;
  for (let now = 0; now < 20e6; now += 1000) {
    flow.tick(now);
    fullest = Math.max(fullest, link.queueUs(now));
  }
  expect((flow.delivered * 8) / 20 / 5e6).toBeGreaterThan(0.9);
  expect(fullest).toBeGreaterThan(140_000);
});
