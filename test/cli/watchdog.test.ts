/** What the service manager is told, in virtual time. */
import { expect, test } from "bun:test";
import { Watchdog } from "../../src/cli/watchdog.ts";
import type { MachineTime } from "../../src/processors.ts";

function start() {
  let machine: MachineTime = { cores: 2, busyUs: 0, idleUs: 0, stolenUs: 0 };
  let waitedUs = 0;
  let at = 5_000_000;
  const state = { ready: true };
  const watchdog = new Watchdog({
    limitUs: 10_000_000,
    periodUs: 1_000_000,
    ready: () => state.ready,
    reader: {
      pid: 1,
      thread: () => ({ ranUs: 0, waitedUs, runnable: true }),
      machine: () => machine,
      processes: () => new Map(),
    },
  });
  /** A beat after `elapsed` us; our thread waited and the hypervisor stole these shares of them. */
  const beat = (waiting = 0.02, stolen = 0, elapsed = 1_000_000) => {
    at += elapsed;
    waitedUs += elapsed * waiting;
    machine = {
      ...machine,
      idleUs: machine.idleUs + 2 * elapsed * (1 - stolen),
      stolenUs: machine.stolenUs + 2 * elapsed * stolen,
    };
    return watchdog.beat(at);
  };
  return { beat, state, watchdog };
}

test("O1: on a calm machine the manager's own limit counts", () => {
  const { beat } = start();
  for (let i = 0; i < 5; i += 1) expect(beat()).toEqual(["WATCHDOG=1"]);
});

test("O1: a thread that waits asks the manager for a minute, and for its limit again after it", () => {
  const { beat } = start();
  expect(beat()).toEqual(["WATCHDOG=1"]);
  expect(beat(0.5)).toEqual(["WATCHDOG_USEC=60000000", "WATCHDOG=1"]);
  expect(beat(0.5)).toEqual(["WATCHDOG=1"]);
  expect(beat()).toEqual(["WATCHDOG_USEC=10000000", "WATCHDOG=1"]);
});

test("O1: a beat that came late, or stolen time, is pressure as well", () => {
  const late = start();
  late.beat();
  expect(late.beat(0, 0, 4_000_000)).toContain("WATCHDOG_USEC=60000000");
  const stolen = start();
  stolen.beat();
  expect(stolen.beat(0, 0.3)).toContain("WATCHDOG_USEC=60000000");
});

test("O1: workers that accept no sessions send no sign of life, with more patience under pressure", () => {
  const { beat, state, watchdog } = start();
  beat();
  state.ready = false;
  expect(beat()).toEqual([]);
  expect(watchdog.failing).toBe(true);
  expect(beat(0.5)).toEqual(["WATCHDOG_USEC=60000000"]);
});
