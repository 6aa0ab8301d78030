import { expect, test } from "bun:test";
import { parseMachineTime, parseProcessTime, parseThreadTime } from "../../src/io/proc-stat.ts";

const STAT = `77 (a) R 1 (b)) S 12 77 77 0 -1 4194304 1 0 0 0 250 50 9 9 20 0 1 0 4711 1 1`;

test("a thread's account: what it ran, what it waited, whether it wants a processor", () => {
  const running = STAT.replace(") S", ") R");
  expect(parseThreadTime("5000000 7000 12", running)).toEqual({
    ranUs: 5_000,
    waitedUs: 7,
    runnable: true,
  });
  for (const state of ["S", "D", "T", "Z"]) {
    expect(parseThreadTime("1 1 1", STAT.replace(") S", `) ${state}`))!.runnable).toBe(false);
  }
  expect(parseThreadTime("", STAT)).toBeNull();
  expect(parseThreadTime("1 1 1", "")).toBeNull();
});

test("a process's account, whatever its name holds", () => {
  expect(parseProcessTime(STAT)).toEqual({
    name: "a) R 1 (b)",
    parent: 12,
    ranUs: 3_000_000,
    childrenUs: 180_000,
    started: 4711,
  });
  expect(parseProcessTime("")).toBeNull();
});

test("the machine's account, with and without a column for stolen time", () => {
  const text = "cpu  10 1 5 80 4 2 3 7 9 9\ncpu0 1 1 1\ncpu1 1 1 1\nintr 5";
  expect(parseMachineTime(text)).toEqual({
    cores: 2,
    busyUs: 210_000,
    idleUs: 840_000,
    stolenUs: 70_000,
  });
  expect(parseMachineTime("cpu  10 1 5")).toBeNull();
  expect(parseMachineTime("")).toBeNull();
});
