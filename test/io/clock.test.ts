import { expect, test } from "bun:test";
import { monotonicUs, realtimeUs, threadTimeUs } from "../../src/io/clock.ts";
import { inTime, timed } from "../support/timed.ts";

test("the clock is CLOCK_MONOTONIC: since boot, in microseconds, never backwards", async () => {
  const uptimeUs = Number((await Bun.file("/proc/uptime").text()).split(" ")[0]) * 1e6;
  const start = monotonicUs();
  // Uptime counts suspended time, too, and has two decimals.
  expect(start).toBeLessThan(uptimeUs + 100_000);
  let last = start;
  for (let i = 0; i < 10_000; i += 1) {
    const now = monotonicUs();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
  const before = monotonicUs();
  Bun.sleepSync(20);
  const slept = monotonicUs() - before;
  expect(slept).toBeGreaterThanOrEqual(20_000);
  expect(slept).toBeLessThan(520_000);
});

test("it has finer steps than a millisecond", () => {
  const stamps = new Set(Array.from({ length: 100 }, () => monotonicUs()));
  expect(stamps.size).toBeGreaterThan(50);
});

test("all threads see the same time", async () => {
  const worker = new Worker(new URL("clock-thread.ts", import.meta.url).href);
  try {
    const before = monotonicUs();
    const { promise, resolve } = Promise.withResolvers<number>();
    worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    const inside = await promise;
    expect(inside).toBeGreaterThanOrEqual(before);
    expect(inside).toBeLessThanOrEqual(monotonicUs());
  } finally {
    worker.terminate();
  }
});

timed("the wall clock is the system's", () => {
  inTime(() => expect(Math.abs(realtimeUs() / 1000 - Date.now())).toBeLessThan(50));
});

test("a thread's processor time stands still while it sleeps, and goes on while it works", () => {
  const start = threadTimeUs();
  Bun.sleepSync(100);
  const slept = threadTimeUs() - start;
  expect(slept).toBeGreaterThanOrEqual(0);
  expect(slept).toBeLessThan(50_000);
  const end = monotonicUs() + 2_000_000;
  while (threadTimeUs() - start < slept + 10_000) expect(monotonicUs()).toBeLessThan(end);
});
