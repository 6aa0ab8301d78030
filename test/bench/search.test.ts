import { describe, expect, test } from "bun:test";
import { type SearchOptions, type Step, search } from "../../src/bench/search.ts";
import { seeded } from "../support/random.ts";

const ENDLESS: SearchOptions = { first: 100, ceiling: 100_000, fits: () => true };

/** A machine that carries so many viewers, and takes as much of itself as there are of them. */
function machine(capacity: number, options: Partial<SearchOptions> = {}, endsAt = 0.9) {
  const asked: number[] = [];
  const run = (viewers: number): Promise<Step | null> => {
    asked.push(viewers);
    const busy = Math.min(1, (endsAt * viewers) / capacity);
    return Promise.resolve({ viewers, held: viewers <= capacity, busy });
  };
  return search(run, { ...ENDLESS, ...options }).then((found) => ({ ...found, asked }));
}

describe("the search for the capacity", () => {
  test("finds it within five percent in at most eight steps, large or small", async () => {
    for (const capacity of [7, 60, 99, 100, 101, 480, 861, 1_300, 5_000, 20_000]) {
      const { held, failed, end, asked } = await machine(capacity);
      expect(end).toBe("found");
      expect(held!.viewers).toBeLessThanOrEqual(capacity);
      expect(held!.viewers).toBeGreaterThanOrEqual(Math.floor(capacity / 1.05));
      expect(failed!.viewers).toBeGreaterThan(capacity);
      expect(asked.length, `${capacity}: ${asked}`).toBeLessThanOrEqual(8);
    }
  });

  test("never grows by more than six times, and goes near the end at once", async () => {
    const { asked } = await machine(1_000);
    expect(asked[1]).toBe(600);
    expect(asked[2]).toBeGreaterThan(900);
  });

  test("a machine that carries nobody is told so", async () => {
    const { held, failed, end } = await machine(0.5, {}, 1);
    expect(held).toBeNull();
    expect(failed!.viewers).toBe(1);
    expect(end).toBe("found");
  });

  test("ends where no more can be tried", async () => {
    const { held, failed, end } = await machine(10_000, { ceiling: 700 });
    expect(held!.viewers).toBe(700);
    expect(failed).toBeNull();
    expect(end).toBe("ceiling");
    expect((await machine(10_000, { ceiling: 30 })).held!.viewers).toBe(30);
  });

  test("ends when there is no time for another step, but tries the first", async () => {
    const none = await machine(1_000, { fits: () => false });
    expect(none.asked).toEqual([100]);
    expect(none).toMatchObject({ end: "time", failed: null, held: { viewers: 100 } });
    const few = await machine(1_000, { fits: (viewers) => viewers < 700 });
    expect(few).toMatchObject({ end: "time", held: { viewers: 600 } });
  });

  test("a step that the end of time cut off counts for nothing", async () => {
    const run = (viewers: number): Promise<Step | null> =>
      Promise.resolve(viewers > 100 ? null : { viewers, held: true, busy: 0.1 });
    const { held, steps, end } = await search(run, ENDLESS);
    expect(held!.viewers).toBe(100);
    expect(steps.length).toBe(1);
    expect(end).toBe("time");
  });

  test("a failure of a machine that had hardly anything to do is measured again", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seeded(seed);
      let doubted = 0;
      const run = (viewers: number): Promise<Step | null> => {
        const busy = (0.9 * viewers) / 1_000;
        // Somebody else has the machine now and then, never twice in a row.
        const disturbed = doubted === 0 && random() < 0.5;
        doubted = disturbed ? 1 : 0;
        return Promise.resolve({ viewers, held: viewers <= 1_000 && !disturbed, busy });
      };
      const { held } = await search(run, { ...ENDLESS, ceiling: 700 });
      expect(held!.viewers).toBe(700);
    }
  });

  test("without time to measure it again, such a failure counts", async () => {
    const run = (viewers: number): Promise<Step | null> =>
      Promise.resolve({ viewers, held: false, busy: 0.1 });
    const { held, failed, end } = await search(run, { ...ENDLESS, fits: () => false });
    expect(held).toBeNull();
    expect(failed!.viewers).toBe(100);
    expect(end).toBe("time");
  });
});
