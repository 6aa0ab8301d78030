/** Who is due when: the heap beside a list that is sorted each time. */
import { expect, test } from "bun:test";
import { Deadlines, type Due } from "../../src/ingest/deadlines.ts";
import { seeded } from "../support/random.ts";

function item(): Due {
  return { dueAt: Number.POSITIVE_INFINITY, place: -1 };
}

test("the earliest comes first, and none before its time", () => {
  const deadlines = new Deadlines<Due>();
  expect([deadlines.earliest, deadlines.take(1e12)]).toEqual([Number.POSITIVE_INFINITY, null]);
  const [late, soon, never] = [item(), item(), item()];
  deadlines.set(late, 30);
  deadlines.set(never, Number.POSITIVE_INFINITY);
  deadlines.set(soon, 10);
  expect(deadlines.earliest).toBe(10);
  expect(deadlines.take(9)).toBeNull();
  expect(deadlines.take(40)).toBe(soon);
  expect(deadlines.take(40)).toBe(late);
  expect(deadlines.take(40)).toBeNull();
  expect(deadlines.size).toBe(1);
});

test("one that is in is moved, both ways, and one that is out is put in again", () => {
  const deadlines = new Deadlines<Due>();
  const [a, b] = [item(), item()];
  deadlines.set(a, 10);
  deadlines.set(b, 20);
  deadlines.set(a, 30);
  expect(deadlines.earliest).toBe(20);
  deadlines.set(a, Number.NEGATIVE_INFINITY);
  expect(deadlines.take(0)).toBe(a);
  deadlines.remove(a);
  deadlines.set(a, 5);
  expect([deadlines.size, deadlines.take(5)]).toEqual([2, a]);
});

test("6.7: thousands of random steps keep the order", () => {
  const seed = 20261130;
  const random = seeded(seed);
  const deadlines = new Deadlines<Due>();
  const items = Array.from({ length: 200 }, item);
  const inside = new Set<Due>();
  for (let i = 0; i < 20_000; i += 1) {
    const one = items[Math.floor(random() * items.length)]!;
    const step = random();
    if (step < 0.6) {
      deadlines.set(one, Math.floor(random() * 1000));
      inside.add(one);
    } else if (step < 0.75) {
      deadlines.remove(one);
      inside.delete(one);
    } else {
      const now = random() * 1000;
      const first = Math.min(...[...inside].map(({ dueAt }) => dueAt));
      const taken = deadlines.take(now);
      expect({ seed, i, due: taken?.dueAt ?? null }).toEqual({
        seed,
        i,
        due: first <= now ? first : null,
      });
      if (taken !== null) inside.delete(taken);
    }
    if (deadlines.size !== inside.size) throw new Error(`seed ${seed}, step ${i}`);
  }
});
