import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { SessionStats } from "../../../src/contract/statistics.ts";
import { StatsRequests } from "../../../src/control/plane/stats-requests.ts";

const DEADLINE_MS = 1_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const of = (session: number): SessionStats => ({
  session,
  connected: true,
  path: null,
  srtpProfile: null,
  roundTripMs: null,
  estimateBps: null,
  bitrateExcess: null,
  tracks: [],
});

/** Asks workers "a", "b", ... and notes down what they were found to say. */
class Asked {
  readonly requests = new StatsRequests<string>();
  readonly numbers = new Map<string, number>();
  readonly said = new Map<string, readonly number[]>();

  ask(worker: string, hasThread = true): void {
    const answer = this.requests.ask(worker, (request) => {
      this.numbers.set(worker, request);
      return hasThread;
    });
    void answer.then((sessions) => {
      this.said.set(
        worker,
        sessions.map(({ session }) => session),
      );
    });
  }

  async outcome(): Promise<Record<string, readonly number[]>> {
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
    return Object.fromEntries(this.said);
  }
}

test("each answer goes to the one that asked for it", async () => {
  const asked = new Asked();
  asked.ask("a");
  asked.ask("b");
  asked.requests.answer(asked.numbers.get("b")!, [of(2), of(3)]);
  expect(await asked.outcome()).toEqual({ b: [2, 3] });
  asked.requests.answer(asked.numbers.get("a")!, [of(1)]);
  expect(await asked.outcome()).toEqual({ a: [1], b: [2, 3] });
});

test("a worker that is late costs its own part, after one deadline, and its answer nothing more", async () => {
  const asked = new Asked();
  asked.ask("late");
  asked.ask("in time");
  asked.requests.answer(asked.numbers.get("in time")!, [of(2)]);
  jest.advanceTimersByTime(DEADLINE_MS - 1);
  expect(await asked.outcome()).toEqual({ "in time": [2] });
  jest.advanceTimersByTime(1);
  expect(await asked.outcome()).toEqual({ late: [], "in time": [2] });
  asked.requests.answer(asked.numbers.get("late")!, [of(1)]);
  expect(await asked.outcome()).toEqual({ late: [], "in time": [2] });
});

test("a worker that is lost costs its own part at once, whatever it was asked", async () => {
  const asked = new Asked();
  asked.ask("lost");
  asked.ask("other");
  asked.requests.gone("lost");
  expect(await asked.outcome()).toEqual({ lost: [] });
  asked.requests.answer(asked.numbers.get("other")!, [of(2)]);
  expect(await asked.outcome()).toEqual({ lost: [], other: [2] });
});

test("a worker without a thread has nothing to say, and nobody waits for it", async () => {
  const asked = new Asked();
  asked.ask("dead", false);
  expect(await asked.outcome()).toEqual({ dead: [] });
  expect(jest.getTimerCount()).toBe(0);
});

test("nothing of a request that is over is kept: no timer is left", async () => {
  const asked = new Asked();
  for (const worker of ["a", "b", "c"]) asked.ask(worker);
  expect(jest.getTimerCount()).toBe(3);
  asked.requests.answer(asked.numbers.get("a")!, []);
  asked.requests.gone("b");
  jest.advanceTimersByTime(DEADLINE_MS);
  expect(jest.getTimerCount()).toBe(0);
  expect(await asked.outcome()).toEqual({ a: [], b: [], c: [] });
});
