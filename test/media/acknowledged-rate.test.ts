import { expect, test } from "bun:test";
import { AcknowledgedRate } from "../../src/media/acknowledged-rate.ts";
import { seeded } from "../support/random.ts";

/** Packets of 1,000 bytes at a rate for some time; returns the end. */
function feed(rate: AcknowledgedRate, from: number, seconds: number, bps: number): number {
  const step = 8e9 / bps;
  let at = from;
  for (; at < from + seconds * 1e6; at += step) rate.add(at, 1000, false);
  return at;
}

test("follows a constant rate, and says nothing before half a second", () => {
  const rate = new AcknowledgedRate();
  const at = feed(rate, 1e9, 0.4, 1e6);
  expect(rate.bitsPerSecond).toBe(0);
  expect(rate.recent).toBe(0);
  feed(rate, at, 2, 1e6);
  expect(rate.bitsPerSecond / 1e6).toBeCloseTo(1, 1);
  expect(Math.abs(rate.recent / 1e6 - 1)).toBeLessThan(0.1);
});

test("follows a fall by three quarters within 0.6 s and its unfiltered value within 0.2 s", () => {
  const rate = new AcknowledgedRate();
  let at = feed(rate, 0, 3, 2.5e6);
  at = feed(rate, at, 0.2, 1e6);
  expect(rate.recent).toBeLessThan(1.15e6);
  feed(rate, at, 0.4, 1e6);
  expect(rate.bitsPerSecond).toBeLessThan(1.38e6);
});

test("follows the switch to a layer of five times the rate within 1 s", () => {
  const rate = new AcknowledgedRate();
  const at = feed(rate, 0, 3, 0.5e6);
  feed(rate, at, 1, 2.5e6);
  expect(rate.bitsPerSecond).toBeGreaterThan(2.2e6);
});

test("a silence is no low rate", () => {
  const rate = new AcknowledgedRate();
  const at = feed(rate, 0, 3, 1e6);
  feed(rate, at + 5e6, 1, 1e6);
  expect(rate.bitsPerSecond).toBeGreaterThan(0.9e6);
});

test("out-of-order arrivals change little", () => {
  const random = seeded(11);
  const rate = new AcknowledgedRate();
  for (let i = 0; i < 2000; i += 1) rate.add(i * 4000 + random() * 30_000, 1000, false);
  expect(Math.abs(rate.bitsPerSecond / 2e6 - 1)).toBeLessThan(0.15);
});
