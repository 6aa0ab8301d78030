import { expect, test } from "bun:test";
import { CUTS_BYTES_MAX, CUTS_KEPT_US } from "../../src/limits.ts";
import { KeptCuts } from "../../src/relay/kept-cuts.ts";

const [ONE, OTHER] = ["1".repeat(32), "2".repeat(32)];
const cut = (number: number, edition = ONE, bytes = 10) => {
  return { edition, number, body: new Uint8Array(bytes) };
};
const numbers = (kept: KeptCuts, last: Parameters<KeptCuts["since"]>[0] = null) =>
  kept.since(last).map(({ number }) => number);

test("CUT: each is taken once; some may be left out, and older ones are known", () => {
  const kept = new KeptCuts();
  expect([0, 1, 1, 0, 7, 3].map((number) => kept.add(cut(number), 0))).toEqual([
    ...[true, true, false, false, true, false],
  ]);
  expect(numbers(kept)).toEqual([0, 1, 7]);
});

test("CUT: who has heard some hears the rest, who has heard of another edition all", () => {
  const kept = new KeptCuts();
  for (const number of [4, 5, 6]) kept.add(cut(number), 0);
  expect(numbers(kept, { edition: ONE, number: 5 })).toEqual([6]);
  expect(numbers(kept, { edition: OTHER, number: 5 })).toEqual([4, 5, 6]);
  kept.add(cut(0, OTHER), 0);
  expect(numbers(kept)).toEqual([0]);
});

test("CUT: nothing is kept for longer, nor more, than is of use", () => {
  const kept = new KeptCuts();
  kept.add(cut(0), 0);
  kept.add(cut(1), CUTS_KEPT_US);
  expect(numbers(kept)).toEqual([0, 1]);
  kept.add(cut(2), CUTS_KEPT_US + 1);
  expect(numbers(kept)).toEqual([1, 2]);
  kept.add(cut(3, ONE, CUTS_BYTES_MAX - 25), CUTS_KEPT_US + 1);
  expect(numbers(kept)).toEqual([1, 2, 3]);
  kept.add(cut(4), CUTS_KEPT_US + 1);
  expect(numbers(kept)).toEqual([2, 3, 4]);
});
