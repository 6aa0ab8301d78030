import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { LongWaits, Waits } from "./waits.ts";

const LOOK_MS = 50;
const WAIT_MS = 20_000;

/** What one thread has waited in all, by the time of each look. */
function longWaits(...waited: readonly number[]): LongWaits {
  const waits = new LongWaits(0);
  for (const [i, ms] of waited.entries()) waits.look(i * LOOK_MS, [["a", ms]]);
  return waits;
}

test("what a thread waited before it was first seen is none of its waits", () => {
  expect(longWaits(9_000, 9_000, 9_010).longest(0)).toBe(0);
});

test("many short waits are no long one", () => {
  expect(longWaits(0, 40, 80, 130).longest(0)).toBe(0);
});

test("a wait that is told when it is over lasted longer than has passed since the last look", () => {
  expect(longWaits(0, 0, 0, 170).longest(0)).toBe(120);
  expect(longWaits(0, 0, 0, 170, 400, 400).longest(0)).toBe(180);
});

test("those that ended before a time are not in what is asked for after it", () => {
  const waits = longWaits(0, 250, 250, 350);
  expect(waits.longest(0)).toBe(200);
  expect(waits.longest(2 * LOOK_MS)).toBe(50);
  expect(waits.longest(4 * LOOK_MS)).toBe(0);
});

test("each thread is measured against itself, and one that is gone has waited for nothing", () => {
  const waits = new LongWaits(0);
  const seen = (at: number, a: number, b: number) => {
    waits.look(at, [
      ["a", a],
      ["b", b],
    ]);
  };
  seen(0, 1_000, 0);
  seen(LOOK_MS, 1_010, 0);
  seen(2 * LOOK_MS, Number.NaN, 110);
  expect(waits.longest(0)).toBe(60);
  seen(3 * LOOK_MS, 5_000, 110);
  expect(waits.longest(0)).toBe(60);
});

test("threads of processes are found by their names, and what the kernel counts is what they waited", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-waits-"));
  // A thread is named after what its process runs.
  const egress = join(folder, "egress");
  symlinkSync(Bun.which("yes")!, egress);
  const busy = Bun.spawn(["taskset", "-c", "0", "yes"], { stdout: "ignore" });
  const starved = Bun.spawn(["taskset", "-c", "0", "nice", "-n", "19", egress], {
    stdout: "ignore",
  });
  let pids = [starved.pid];
  const waits = new Waits(() => pids);
  try {
    await until("a long wait", WAIT_MS, () => waits.lately(60) > 0);
    // Processes come and go.
    starved.kill("SIGKILL");
    await starved.exited;
    await Bun.sleep(2 * LOOK_MS);
    pids = [];
    expect(waits.lately(60)).toBeGreaterThan(0);
  } finally {
    waits.stop();
    for (const each of [busy, starved]) each.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}, 30_000);
