import { expect, test } from "bun:test";
import { Pacer } from "../../src/media/pacer.ts";

/** Bytes that leave in a time, asked each ms for packets of 1,100 bytes. */
function drain(pacer: Pacer, from: number, ms: number): number {
  let bytes = 0;
  for (let at = from; at < from + ms * 1000; at += 1000) {
    while (pacer.allow(at, 1100)) bytes += 1100;
  }
  return bytes;
}

test("the rate is 2.5 x the layer's, or the estimate when that is higher", () => {
  const pacer = new Pacer();
  pacer.setRates(0, 1e6, 0.5e6, 0);
  expect(pacer.rate).toBe(2.5e6);
  pacer.setRates(0, 1e6, 4e6, 0);
  expect(pacer.rate).toBe(4e6);
  const bytes = drain(pacer, 0, 1000);
  expect((bytes * 8) / 4e6).toBeCloseTo(1, 1);
});

test("a keyframe leaves at the estimate, but in a quarter of a second at most", () => {
  const pacer = new Pacer();
  pacer.setRates(0, 1e6, 1.5e6, 20_000);
  expect(pacer.rate).toBe(1.5e6);
  pacer.setRates(0, 1e6, 1.5e6, 100_000);
  expect(pacer.rate).toBeCloseTo(3.2e6, -2);
});

test("a burst is 5 ms of the rate, a packet at least and eight at most", () => {
  const burst = (rate: number) => {
    const pacer = new Pacer();
    pacer.setRates(0, rate / 2.5, 0, 0);
    pacer.allow(1e6, 0);
    let bytes = 0;
    while (pacer.allow(1e6, 1100)) bytes += 1100;
    return bytes;
  };
  expect(burst(0.5e6)).toBe(2200);
  expect(burst(5e6)).toBe(3300);
  expect(burst(500e6)).toBe(12_100);
});

test("audio is never refused and video works off its debt", () => {
  const pacer = new Pacer();
  pacer.setRates(0, 0.4e6, 0, 0);
  for (let i = 0; i < 20; i += 1) pacer.charge(0, 200);
  expect(pacer.allow(0, 1100)).toBe(false);
  const next = pacer.nextAt(0);
  // 2,500 bytes of debt at 1 Mb/s.
  expect(next).toBeGreaterThan(19_000);
  expect(next).toBeLessThan(21_000);
  expect(pacer.allow(next, 1100)).toBe(true);
});

test("without a rate nothing is promised", () => {
  const pacer = new Pacer();
  expect(pacer.allow(0, 1100)).toBe(true);
  drain(pacer, 0, 10);
  expect(pacer.nextAt(10_000)).toBe(Number.POSITIVE_INFINITY);
});
