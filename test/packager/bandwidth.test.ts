import { expect, test } from "bun:test";
import { Bandwidth } from "../../src/packager/bandwidth.ts";
import { seeded } from "../support/random.ts";

test("F14: bit rates are positive from the first, whatever was expected", () => {
  for (const expected of [0, 1, 64_000, 2_500_000, Number.MIN_VALUE]) {
    const { peak, average } = new Bandwidth(expected);
    expect(average).toBeGreaterThan(0);
    expect(peak).toBeGreaterThanOrEqual(Math.max(average, expected));
  }
});

test("V01: a publisher within what was expected changes nothing", () => {
  const bandwidth = new Bandwidth(2_500_000);
  const { peak, average } = bandwidth;
  const random = seeded(3);
  for (let i = 0; i < 2000; i += 1) bandwidth.note(400_000 + 100_000 * random(), 2_000_000);
  expect(bandwidth).toMatchObject({ peak, average });
  expect(bandwidth.recent!).toBeWithin(1_700_000, 1_900_000);
});

test("V01: what is seen stays below what is told after few changes", () => {
  const bandwidth = new Bandwidth(500_000);
  const random = seeded(4);
  const told = new Set<string>();
  let bits = 0;
  for (let i = 0; i < 2000; i += 1) {
    const bytes = Math.round(1_000_000 * (0.8 + 0.2 * random()));
    bits += bytes * 8;
    bandwidth.note(bytes, 2_000_000);
    expect((bytes * 8) / 2).toBeLessThanOrEqual(bandwidth.peak);
    told.add(`${bandwidth.peak} ${bandwidth.average}`);
  }
  expect(told.size).toBeLessThanOrEqual(3);
  expect(bits / 4000).toBeLessThan(1.1 * bandwidth.average);
  expect(bandwidth.peak).toBeLessThan(1.6 * 4_000_000);
});

test("a segment without a length says nothing", () => {
  const bandwidth = new Bandwidth(500_000);
  bandwidth.note(1_000_000, 0);
  expect(bandwidth.peak).toBeLessThan(800_000);
});
