import { expect, test } from "bun:test";
import { Pacer } from "../../src/media/pacer.ts";

const PACKET = 1100;

function paced(layer: number, estimate: number, careful = false): Pacer {
  const pacer = new Pacer();
  pacer.setRates(0, layer, estimate, careful);
  return pacer;
}

/** Bytes of video that leave in a time, tried each ms. */
function drain(pacer: Pacer, from: number, ms: number): number {
  let bytes = 0;
  for (let at = from; at < from + ms * 1000; at += 1000) {
    for (; pacer.mayLeave(at); bytes += PACKET) pacer.charge(at, PACKET);
  }
  return bytes;
}

/** What leaves at once after a pause. */
function burst(layer: number, estimate = 0): number {
  return drain(paced(layer, estimate), 10e6, 1);
}

test("the rate is 2.5 x the layer's, or the estimate when that is higher", () => {
  for (const [estimate, rate] of [
    [0.5e6, 2.5e6],
    [4e6, 4e6],
  ] as const) {
    const pacer = paced(1e6, estimate);
    drain(pacer, 0, 100);
    expect((drain(pacer, 100_000, 1000) * 8) / rate).toBeCloseTo(1, 1);
  }
});

test("an ordinary frame leaves at once, however small or large the layer", () => {
  // 50 ms of the layer: a frame of 30 a second and half of one more.
  expect(burst(1e6)).toBe(6 * PACKET);
  expect(burst(2.5e6)).toBe(15 * PACKET);
  // A packet and a half at least; no more than 48 kB.
  expect(burst(0.05e6)).toBe(2 * PACKET);
  expect(burst(500e6)).toBe(44 * PACKET);
});

test("a fast path takes five milliseconds of its rate at once", () => {
  expect(burst(0.05e6, 8e6)).toBe(5 * PACKET);
});

test("a keyframe leaves at the pacing rate, not before", () => {
  const pacer = paced(1e6, 0);
  drain(pacer, 10e6, 1);
  // 20 kB more at 2.5 Mb/s take 64 ms.
  const ms = 64;
  const bytes = drain(pacer, 10.001e6, ms);
  expect(bytes).toBeGreaterThan(20_000 - 2 * PACKET);
  expect(bytes).toBeLessThan(20_000 + 2 * PACKET);
});

test("with care media leaves at 1.15 x the layer, and two thirds of a frame at once", () => {
  const pacer = paced(1e6, 0, true);
  expect(drain(pacer, 10e6, 1)).toBe(3 * PACKET);
  expect((drain(pacer, 10.001e6, 1000) * 8) / 1.15e6).toBeCloseTo(1, 1);
  expect((drain(paced(1e6, 3e6, true), 10e6, 1000) * 8) / 3e6).toBeCloseTo(1, 1);
});

test("video works off what could not wait, and no more than 12 kB of it", () => {
  const pacer = paced(0.4e6, 0);
  drain(pacer, 10e6, 1);
  for (let i = 0; i < 20; i += 1) pacer.charge(10e6, 200);
  expect(pacer.mayLeave(10e6)).toBe(false);
  // At 1 Mb/s: 4,000 bytes and what the last packet of video was over.
  expect(pacer.mayLeave(10.03e6)).toBe(false);
  expect(pacer.mayLeave(10.042e6)).toBe(true);
  for (let i = 0; i < 200; i += 1) pacer.charge(20e6, 1000);
  expect(pacer.mayLeave(20.095e6)).toBe(false);
  expect(pacer.mayLeave(20.097e6)).toBe(true);
});

test("without a rate everything leaves, and holds nothing back once there is one", () => {
  const pacer = paced(0, 1e6);
  for (let i = 0; i < 500; i += 1) {
    expect(pacer.mayLeave(0)).toBe(true);
    pacer.charge(0, PACKET);
  }
  // 12 kB of debt at 2.5 Mb/s.
  pacer.setRates(1000, 1e6, 0, false);
  expect(pacer.mayLeave(39_000)).toBe(false);
  expect(pacer.mayLeave(40_000)).toBe(true);
});
