import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { LoopMeter } from "../../src/host/loop-meter.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";

/** The meter after turns that take `share` of two seconds. */
function metered(share: number) {
  const { counters } = WorkerBlock.create();
  const meter = new LoopMeter(counters);
  let windows = 0;
  for (let start = 0; start < 2_000_000; start += 10_000) {
    if (meter.turn(start, start + 10_000 * share)) windows += 1;
  }
  return { meter, counters, windows };
}

test("passes are a millisecond apart below 60 % of load, five from 90 % on", () => {
  const ticks = [0.1, 0.6, 0.75, 0.9, 1].map((share) => metered(share).meter.tickUs);
  expect(ticks[0]).toBe(1_000);
  expect(ticks[1]).toBeCloseTo(1_000, -2);
  expect(ticks[2]).toBeCloseTo(3_000, -2);
  expect(ticks[3]).toBeCloseTo(5_000, -2);
  expect(ticks[4]).toBe(5_000);
});

test("turns are counted, and the windows that they end", () => {
  const { counters, windows } = metered(0.2);
  expect(counters[Counter.turns]).toBe(200);
  expect(counters[Counter.busyUs]).toBe(400_000);
  expect(windows).toBeWithin(18, 22);
});

test("the longest turn of each second is told at its end", () => {
  const { counters } = WorkerBlock.create();
  const meter = new LoopMeter(counters);
  const told = [
    [1_000_000, 3_000],
    [1_500_000, 9_000],
    [2_100_000, 1_000],
    [3_200_000, 1_000],
  ].map(([start, us]) => {
    meter.turn(start!, start! + us!);
    return counters[Counter.turnMaxUs];
  });
  expect(told).toEqual([3_000, 3_000, 9_000, 1_000]);
});
