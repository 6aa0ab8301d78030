import { expect, test } from "bun:test";
import { threadTimeUs } from "../../src/io/clock.ts";
import { Budget } from "../../src/rehearsal/budget.ts";

test("it is left until one of its clocks has gone on by so much", () => {
  const own = { now: 5_000, us: 300 };
  const all = { now: 70_000, us: 900 };
  for (const ends of [own, all]) {
    const budget = new Budget(
      { clock: () => own.now, us: own.us },
      { clock: () => all.now, us: all.us },
    );
    expect(budget.left).toBe(true);
    ends.now += ends.us - 1;
    expect(budget.left).toBe(true);
    ends.now += 1;
    expect(budget.left).toBe(false);
  }
});

test("by a thread's own clock sleep costs nothing, and work ends it", () => {
  const budget = new Budget({ clock: threadTimeUs, us: 50_000 });
  Bun.sleepSync(100);
  expect(budget.left).toBe(true);
  const start = threadTimeUs();
  while (budget.left && threadTimeUs() - start < 1_000_000);
  expect(threadTimeUs() - start).toBeLessThan(60_000);
});
