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

test("what is not urgent waits for 1 ms up to 20 % of load, 5 at 50 %, 10 from 80 % on", () => {
  const shares = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1];
  const patience = shares.map((share) => metered(share).meter.patienceUs);
  for (const [i, us] of [1_000, 1_000, 3_000, 5_000, 7_500, 10_000, 10_000].entries()) {
    expect(patience[i]).toBeCloseTo(us, -2);
  }
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
