import { expect, test } from "bun:test";
import { monotonicUs } from "../../src/io/clock.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { libc } from "../../src/io/libc.ts";
import { SocketSet } from "../../src/io/socket-set.ts";

test("tells who is ready, but not during a nap, nor of those that left", () => {
  const set = new SocketSet();
  const bells = [createEventFd(), createEventFd()];
  set.add(bells[0]!, 70_000);
  set.add(bells[1]!, 70_001);
  ringEventFd(bells[1]!);
  const start = monotonicUs();
  set.nap(20);
  expect(monotonicUs() - start).toBeGreaterThan(19_000);
  expect(set.wait(0)).toBe(1);
  expect(set.ready(0)).toBe(70_001);
  expect(set.isFull(1)).toBe(false);
  expect(set.isFull(1_024)).toBe(true);
  set.remove(bells[1]!);
  expect(set.wait(0)).toBe(0);
  set.close();
  for (const fd of bells) libc.close(fd);
});
