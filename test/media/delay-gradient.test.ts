import { expect, test } from "bun:test";
import { DelayGradient } from "../../src/media/delay-gradient.ts";
import { DelayState } from "../../src/media/trendline.ts";
import { seeded } from "../support/random.ts";

/**
 * Frames of 5 packets sent within 1 ms, 30 a second, over a line of so many packets a second.
 * Returns the share of feedbacks (each 3 frames) that found over-use.
 */
function run(gradient: DelayGradient, frames: number, packetsPerSecond: number, jitterUs = 0) {
  const random = seeded(5);
  let free = 0;
  let overuse = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let i = 0; i < 5; i += 1) {
      const sent = frame * 33_333 + i * 200;
      free = Math.max(free, sent) + 1e6 / packetsPerSecond;
      // The receiver's clock has another zero.
      gradient.add(sent, free + 7e9 + random() * jitterUs);
    }
    if (frame % 3 !== 2) continue;
    gradient.finish(frame * 33_333);
    if (gradient.trendline.state === DelayState.overuse) overuse += 1;
  }
  return overuse / (frames / 3);
}

test("a line that is fast enough is no over-use, with bursts and with jitter", () => {
  expect(run(new DelayGradient(), 600, 200)).toBe(0);
  expect(run(new DelayGradient(), 600, 1000, 15_000)).toBeLessThan(0.02);
});

test("a line 10 % too slow is over-use within 2 s, and the queue is measured", () => {
  const gradient = new DelayGradient();
  expect(run(gradient, 60, 136)).toBeGreaterThan(0);
  // 2 s at 150 packets a second over 136: 28 packets wait, 7.35 ms each.
  expect(gradient.queueUs).toBeGreaterThan(120_000);
  expect(gradient.queueUs).toBeLessThan(220_000);
});

test("a queue that drains is under-use", () => {
  const gradient = new DelayGradient();
  for (let i = 0; i < 60; i += 1) gradient.add(i * 20_000, 1e9 + i * 20_000 + 300_000 - i * 5000);
  expect(gradient.trendline.state).toBe(DelayState.underuse);
});

test("packets sent within 5 ms are one group", () => {
  const gradient = new DelayGradient();
  // Each burst takes 15 ms to arrive: within a group that is no gradient.
  for (let burst = 0; burst < 100; burst += 1) {
    for (let i = 0; i < 4; i += 1)
      gradient.add(burst * 50_000 + i * 1000, burst * 50_000 + i * 5000);
  }
  expect(Math.abs(gradient.trendline.slope)).toBeLessThan(1e-6);
});

test("what came out of one aggregate is one group", () => {
  const gradient = new DelayGradient();
  // Sent each 10 ms; the channel holds them back and lets five go at once.
  for (let i = 0; i < 300; i += 1) {
    const release = (Math.floor(i / 5) + 1) * 50_000;
    gradient.add(i * 10_000, release + (i % 5) * 300);
  }
  gradient.finish(3e6);
  expect(gradient.trendline.state).not.toBe(DelayState.overuse);
  expect(Math.abs(gradient.trendline.slope)).toBeLessThan(0.05);
});

test("a jump of the arrival clock begins anew", () => {
  const gradient = new DelayGradient();
  for (let i = 0; i < 50; i += 1) gradient.add(i * 20_000, i * 20_000);
  for (let i = 50; i < 100; i += 1) gradient.add(i * 20_000, i * 20_000 + 60e6);
  expect(gradient.trendline.state).toBe(DelayState.normal);
  expect(gradient.trendline.slope).toBeCloseTo(0, 3);
});
