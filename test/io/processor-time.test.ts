import { expect, test } from "bun:test";
import {
  readMachineTime,
  readProcessTimes,
  readThreadTime,
  threadId,
} from "../../src/io/processor-time.ts";

test("this machine tells what this thread has done", () => {
  const id = threadId();
  const before = readThreadTime(id)!;
  const end = performance.now() + 100;
  while (performance.now() < end);
  const after = readThreadTime(id)!;
  const spent = after.ranUs + after.waitedUs - before.ranUs - before.waitedUs;
  // The kernel adds up at its ticks, of 10 ms at most.
  expect(spent).toBeGreaterThan(50_000);
  expect(after.runnable).toBe(true);
  expect(readMachineTime()!.cores).toBeGreaterThan(0);
  expect(readProcessTimes().get(process.pid)!.ranUs).toBeGreaterThan(0);
  expect(readThreadTime(2 ** 30)).toBeNull();
});
