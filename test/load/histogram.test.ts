import { describe, expect, test } from "bun:test";
import { Histogram } from "../../src/load/histogram.ts";
import { seeded } from "../support/random.ts";

describe("Histogram", () => {
  test("percentiles are within 1.1 % of the sorted samples'", () => {
    const random = seeded(7);
    const histogram = new Histogram();
    const samples: number[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      // From 1 us to 10^7 us, evenly over the orders of magnitude.
      const value = 10 ** (7 * random());
      samples.push(value);
      histogram.record(value);
    }
    samples.sort((a, b) => a - b);
    for (const p of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const exact = samples[Math.ceil(p * samples.length) - 1]!;
      const told = histogram.percentile(p)!;
      expect(Math.abs(told - exact) / exact, `p ${p}: ${told} for ${exact}`).toBeLessThan(0.011);
    }
    expect(histogram.max).toBe(samples.at(-1)!);
    expect(histogram.mean).toBeCloseTo(samples.reduce((a, b) => a + b) / samples.length, 3);
  });

  test("no percentile is above the largest sample, and none exists without samples", () => {
    const histogram = new Histogram();
    expect(histogram.percentile(0.5)).toBeNull();
    expect(histogram.mean).toBeNull();
    histogram.record(1000);
    expect(Math.abs(histogram.percentile(0.99)! - 1000)).toBeLessThan(11);
    expect(histogram.percentile(1)!).toBeLessThanOrEqual(1000);
    histogram.record(0.2);
    expect(histogram.percentile(0.01)).toBeCloseTo(1, 1);
  });

  test("merging is recording into one", () => {
    const one = new Histogram();
    const parts = [new Histogram(), new Histogram()];
    for (let i = 1; i <= 1000; i += 1) {
      one.record(i * 17);
      parts[i % 2]!.record(i * 17);
    }
    const merged = new Histogram();
    for (const part of parts) merged.merge(part.toData());
    expect(merged.count).toBe(1000);
    for (const p of [0.1, 0.5, 0.99, 1]) expect(merged.percentile(p)).toBe(one.percentile(p));
  });
});
