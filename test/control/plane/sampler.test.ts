import { expect, test } from "bun:test";
import type { PlaneEvents } from "../../../src/control/plane/plane.ts";
import { Sampler } from "../../../src/control/plane/sampler.ts";
import { FakePlane } from "../../support/fake-plane.ts";

test("rates go on when a worker is replaced", () => {
  const plane = new FakePlane({} as PlaneEvents);
  const sampler = new Sampler(plane);
  let now = 1e6;
  const tick = (counters: FakePlane["counters"]) => {
    plane.counters = counters;
    now += 1e6;
    sampler.tick(now, 0, null);
    const { load, bitsPerSecondIn, bitsPerSecondOut } = sampler.ratesOf("egress-0");
    return [load, bitsPerSecondIn, bitsPerSecondOut];
  };
  expect(tick({})).toEqual([0, 0, 0]);
  expect(tick({ busyUs: 5e5, bytesIn: 1_000, bytesOut: 2_000 })).toEqual([0.5, 8_000, 16_000]);
  plane.replaceWorkers();
  expect(tick({ busyUs: 25e4, bytesIn: 100, bytesOut: 500 })).toEqual([0.25, 800, 4_000]);
  plane.replaceWorkers();
  expect(tick({})).toEqual([0, 0, 0]);
});
