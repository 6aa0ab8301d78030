import { expect, test } from "bun:test";
import { RateControl } from "../../src/media/rate-control.ts";
import { DelayState } from "../../src/media/trendline.ts";

const { normal, overuse, underuse } = DelayState;
const RTT = 50_000;

function control(start: number): RateControl {
  return new RateControl(start, 50_000, 50e6);
}

test("grows 8 % a second while the maximum is unknown, and no further than 1.25 x what arrives", () => {
  const rate = control(1e6);
  rate.update(0, normal, 0, 1e6, 1e6, RTT);
  for (let ms = 100; ms <= 1000; ms += 100) rate.update(ms * 1000, normal, 0, 1e6, 1e6, RTT);
  expect(rate.bitrate / 1e6).toBeCloseTo(1.08, 2);
  for (let s = 2; s < 30; s += 1) rate.update(s * 1e6, normal, 0, 1e6, 1e6, RTT);
  expect(rate.bitrate).toBeCloseTo(1.26e6, -3);
});

test("over-use with a queue cuts to 0.85 of what arrived of late, once a round trip", () => {
  const rate = control(2e6);
  rate.update(0, overuse, 100_000, 1.8e6, 1e6, RTT);
  expect(rate.bitrate).toBe(0.85e6);
  rate.update(10_000, overuse, 100_000, 1.8e6, 0.9e6, RTT);
  expect(rate.decreases).toBe(1);
  rate.update(60_000, overuse, 100_000, 1.8e6, 0.9e6, RTT);
  expect(rate.decreases).toBe(2);
});

test("over-use without a queue, or with one for a moment, cuts nothing", () => {
  const rate = control(2e6);
  for (let ms = 0; ms < 2000; ms += 50) rate.update(ms * 1000, overuse, 15_000, 1e6, 1e6, RTT);
  rate.update(2_050_000, overuse, 40_000, 1e6, 1e6, RTT);
  rate.update(2_100_000, overuse, 40_000, 1e6, 1e6, RTT);
  expect(rate.decreases).toBe(0);
  rate.update(2_200_000, overuse, 40_000, 1e6, 1e6, RTT);
  expect(rate.decreases).toBe(1);
});

test("near the maximum it grows by half a packet a response time", () => {
  const rate = control(1e6);
  rate.update(0, overuse, 100_000, 1e6, 1e6, RTT);
  const start = rate.bitrate;
  // A queue of 30 ms: what arrives does not count as proven.
  rate.update(100_000, normal, 30_000, 1e6, 1e6, RTT);
  for (let ms = 200; ms <= 1100; ms += 100) rate.update(ms * 1000, normal, 30_000, 1e6, 1e6, RTT);
  const growth = rate.bitrate - start;
  expect(growth).toBeGreaterThan(15_000);
  expect(growth).toBeLessThan(40_000);
});

test("an empty queue for 0.3 s restores what arrives", () => {
  const rate = control(2e6);
  rate.update(0, overuse, 90_000, 1.5e6, 1.5e6, RTT);
  expect(rate.bitrate).toBeCloseTo(1.275e6, -2);
  for (let ms = 100; ms <= 500; ms += 100) rate.update(ms * 1000, normal, 5000, 1.5e6, 1.5e6, RTT);
  expect(rate.bitrate).toBeGreaterThanOrEqual(1.5e6);
});

test("under-use holds", () => {
  const rate = control(1e6);
  for (let s = 0; s < 10; s += 1) rate.update(s * 1e6, underuse, 0, 1e6, 1e6, RTT);
  expect(rate.bitrate).toBe(1e6);
});

test("never leaves its bounds", () => {
  const rate = control(1e6);
  for (let i = 0; i < 50; i += 1) rate.halve(i);
  expect(rate.bitrate).toBe(50_000);
  rate.setProbed(100, 1e12);
  expect(rate.bitrate).toBe(50e6);
});
