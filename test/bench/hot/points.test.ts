import { expect, test } from "bun:test";
import { loadsOf, packetsPerSecond } from "../../../scripts/bench/hot/points.ts";

const ALL = { quick: false, viewers: null, bitrate: null, gro: true };

test("every number of streams, viewers and bits is among the loads, in bursts and spread", () => {
  const loads = loadsOf(ALL);
  const values = (key: "streams" | "viewers" | "bitrate") =>
    [...new Set(loads.map((load) => load[key]))].sort((a, b) => a - b);
  expect(values("streams")).toEqual([1, 20, 200]);
  expect(values("viewers")).toEqual([100, 200, 500, 2000]);
  expect(values("bitrate")).toEqual([600_000, 1_500_000, 2_500_000]);
  expect(loads.filter(({ spread }) => spread)).toHaveLength(loads.length / 2);
  expect(loads.filter(({ paced }) => paced)).toHaveLength(2);
});

test("one number of viewers is measured on as many streams as it fills", () => {
  const loads = loadsOf({ ...ALL, viewers: 50 });
  expect(loads.every(({ viewers, bitrate }) => viewers === 50 && bitrate === 1.5e6)).toBe(true);
  expect([...new Set(loads.map(({ streams }) => streams))]).toEqual([1, 20]);
  expect(loads.filter(({ paced }) => paced).map(({ streams }) => streams)).toEqual([1, 1]);
});

test("a second of a load is its frames' packets and the audio's", () => {
  const load = { streams: 1, viewers: 10, bitrate: 1.5e6, spread: false, paced: false };
  expect(packetsPerSecond(load)).toBe(10 * (30 * 6 + 50));
});
