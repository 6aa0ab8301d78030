import { expect, test } from "bun:test";
import { COUNTER_NAMES, Counter, GAUGES } from "../../../src/contract/counters.ts";
import { WorkerTotals } from "../../../src/control/plane/worker-totals.ts";

const waited = (waitedUs: number) => ({ ranUs: 0, waitedUs, runnable: false });

test("totals go on over threads, states are the present one's", () => {
  const block = new Float64Array(COUNTER_NAMES.length);
  const totals = new WorkerTotals(block);
  for (let thread = 0; thread < 3; thread += 1) {
    block.set(COUNTER_NAMES.map((_, i) => 100 + i));
    for (const [name, value] of Object.entries(totals.counters())) {
      const own = 100 + Counter[name as keyof typeof Counter];
      expect(value, name).toBe(GAUGES.has(name as never) ? own : own * (thread + 1));
    }
    totals.threadEnded();
    expect(block.every((value) => value === 0)).toBeTrue();
    for (const name of COUNTER_NAMES) {
      const ended = GAUGES.has(name) ? 0 : (100 + Counter[name]) * (thread + 1);
      expect(totals.counters()[name], name).toBe(ended);
    }
  }
});

test("time of waiting is that of all threads, and what is not told changes nothing", () => {
  const totals = new WorkerTotals(new Float64Array(COUNTER_NAMES.length));
  const told: number[] = [];
  for (const time of [null, waited(500), null, waited(800)]) {
    totals.noteTime(time);
    told.push(totals.waitedUs);
  }
  totals.threadEnded();
  told.push(totals.waitedUs);
  totals.threadEnded();
  totals.noteTime(waited(50));
  told.push(totals.waitedUs);
  expect(told).toEqual([0, 500, 500, 800, 800, 850]);
});
