import { expect, test } from "bun:test";
import { Seats } from "../../../src/control/streams/seats.ts";
import { Waiters, type Waiting } from "../../../src/control/streams/waiters.ts";

function waiting(isOver: () => boolean, more: Partial<Waiting> = {}): Waiting {
  return { address: "a", until: 100, signal: new AbortController().signal, isOver, ...more };
}

test("who waits is let go when it has come, or when the time is over", async () => {
  const waiters = new Waiters(new Seats({ max: 10, maxOfAddress: 10 }));
  let came = false;
  const comes = waiters.wait(waiting(() => came));
  const never = waiters.wait(waiting(() => false));
  waiters.look(99);
  expect(waiters.size).toBe(2);
  came = true;
  waiters.look(99);
  expect(await comes).toBeTrue();
  waiters.look(100);
  expect(await never).toBeFalse();
  expect(waiters.size).toBe(0);
});

test("what is there already is not waited for", async () => {
  const waiters = new Waiters(new Seats({ max: 0, maxOfAddress: 0 }));
  expect(await waiters.wait(waiting(() => true))).toBeTrue();
});

test("B09 a client that goes frees its place: 1,000 aborted requests leave nobody", async () => {
  const waiters = new Waiters(new Seats({ max: 1000, maxOfAddress: 1000 }));
  const aborts = Array.from({ length: 1000 }, () => new AbortController());
  const all = aborts.map(({ signal }) => waiters.wait(waiting(() => false, { signal })));
  expect(waiters.size).toBe(1000);
  for (const abort of aborts) abort.abort();
  expect(waiters.size).toBe(0);
  expect(new Set(await Promise.all(all))).toEqual(new Set([false]));
  // The places are free for others, and a signal of before takes none.
  expect(waiters.wait(waiting(() => false))).not.toBeNull();
  expect(await waiters.wait(waiting(() => false, { signal: aborts[0]!.signal }))).toBeFalse();
});

test("an address has its share of the places, and loopback none that is counted", () => {
  const waiters = new Waiters(new Seats({ max: 4, maxOfAddress: 2 }));
  const at = (address: string | null) => waiters.wait(waiting(() => false, { address }));
  expect([at("a"), at("a")].includes(null)).toBeFalse();
  expect(at("a")).toBeNull();
  expect(at("b")).not.toBeNull();
  expect(at(null)).not.toBeNull();
  // All places are taken.
  expect(at(null)).toBeNull();
  expect(at("c")).toBeNull();
  waiters.look(100);
  expect([at("a"), at("a")].includes(null)).toBeFalse();
});
