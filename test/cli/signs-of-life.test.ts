import { afterEach, expect, test } from "bun:test";
import { showLife } from "../../src/cli/signs-of-life.ts";
import { createLogger } from "../../src/log.ts";
import { until } from "../support/until.ts";

const told: string[] = [];
const lines: string[] = [];
const state = { ready: false, accepting: true };
let end = (): void => {};

afterEach(() => end());

/** A server that begins, under a manager that wants a sign of life every `watchdogUs`. */
function begin(watchdogUs: number | null): void {
  told.length = 0;
  lines.length = 0;
  Object.assign(state, { ready: false, accepting: true });
  const manager = { watchdogUs, notify: (...all: readonly string[]) => told.push(...all) > 0 };
  const sink = (line: string) => void lines.push(line);
  const log = createLogger({ level: "info", format: "json", sink, wall: () => 0 });
  end = showLife(manager, log, {
    reader: {
      pid: 1,
      thread: () => null,
      machine: () => null,
      processes: () => new Map(),
    },
    ready: () => state.ready,
    accepting: () => state.accepting,
    now: () => performance.now() * 1000,
    status: "STATUS=Serving",
  });
}

test("it is ready once it is ready, and lives from then on", async () => {
  begin(30_000);
  await Bun.sleep(50);
  expect(told).toEqual([]);
  state.ready = true;
  await until("beats come", 2_000, () => told.filter((each) => each === "WATCHDOG=1").length > 2);
  expect(told.slice(0, 2)).toEqual(["READY=1", "STATUS=Serving"]);
  expect(told.filter((each) => each === "READY=1")).toHaveLength(1);
  expect(lines).toEqual([]);
});

test("workers that accept nothing are no sign of life, and told once", async () => {
  begin(30_000);
  Object.assign(state, { ready: true, accepting: false });
  await until("it is told", 2_000, () => lines.length > 0);
  await Bun.sleep(50);
  expect(told).not.toContain("WATCHDOG=1");
  expect(lines).toHaveLength(1);
});

test("without a watchdog there are no beats", async () => {
  begin(null);
  state.ready = true;
  await until("it is ready", 2_000, () => told.length > 0);
  await Bun.sleep(50);
  expect(told).toEqual(["READY=1", "STATUS=Serving"]);
});

test("a server that ends before it is ready never says so", async () => {
  begin(30_000);
  end();
  state.ready = true;
  await Bun.sleep(50);
  expect(told).toEqual([]);
});
