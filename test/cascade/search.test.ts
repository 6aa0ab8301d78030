import { expect, test } from "bun:test";
import { Search } from "../../src/cascade/search.ts";
import { idOf } from "./ends.ts";
import { Neighbour } from "./neighbour.ts";

const SECOND = 1_000_000;

/** Who may be asked of some, by number. */
function numbers(links: readonly { node: string }[]): number[] {
  return links.map(({ node }) => Number.parseInt(node, 16));
}

test("nodes that were named instead are remembered, not without end", () => {
  const search = new Search();
  for (let i = 0; i < 100; i += 1) search.suggest([idOf(i)]);
  expect(search.suggested.size).toBeLessThanOrEqual(17);
  expect(search.suggested.has(idOf(99))).toBeTrue();
});

test("who is avoided is asked for nothing until then; a new process of it is", () => {
  const search = new Search();
  const links = [2, 3].map((number) => new Neighbour(number).link);
  search.avoid(idOf(2), 5 * SECOND);
  expect(numbers(search.askable(links, 4 * SECOND))).toEqual([3]);
  expect(numbers(search.asStandby(links, 4 * SECOND, null))).toEqual([3]);
  search.forgive(idOf(2));
  expect(numbers(search.asStandby(links, 4 * SECOND, null))).toEqual([2, 3]);
});

test("who would not stand by may be asked to give it, and again to stand by, ever more seldom", () => {
  const search = new Search();
  const links = [new Neighbour(2).link];
  const waits: number[] = [];
  let now = 0;
  for (let i = 0; i < 7; i += 1) {
    search.unwilling(idOf(2), now);
    expect(numbers(search.askable(links, now))).toEqual([2]);
    const from = now;
    while (search.asStandby(links, now, null).length === 0) now += 50_000;
    waits.push((now - from) / 1000);
  }
  expect(waits).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  search.willing(idOf(2));
  search.unwilling(idOf(2), now);
  expect(search.asStandby(links, now + 250_000, null)).toHaveLength(1);
});

test("cascade-standby: who comes by the same way is left alone for a while, where another stands by", () => {
  const search = new Search();
  const links = [new Neighbour(2).link];
  const path = [idOf(1), idOf(7)];
  search.noSecondWay(idOf(2), path, 0);
  expect(search.asStandby(links, 14 * SECOND, [...path])).toEqual([]);
  expect(search.asStandby(links, 0, null)).toHaveLength(1);
  expect(search.asStandby(links, 15 * SECOND, path)).toHaveLength(1);
  // What comes another way now may be had by that one.
  expect(search.asStandby(links, 0, [idOf(1), idOf(8)])).toHaveLength(1);
  search.forgive(idOf(2));
  expect(search.asStandby(links, 0, path)).toHaveLength(1);
});

test("cascade-ways: who has no shorter way, or would not stand by, is left alone for long where another is apart", () => {
  const search = new Search();
  const links = [new Neighbour(2).link];
  const path = [idOf(1), idOf(7)];
  search.noSecondWay(idOf(2), path, 0, false);
  expect(search.asStandby(links, 59 * SECOND, path)).toEqual([]);
  expect(search.asStandby(links, 60 * SECOND, path)).toHaveLength(1);
  search.forgive(idOf(2));
  search.unwilling(idOf(2), 0, path, true);
  expect(search.asStandby(links, 59 * SECOND, path)).toEqual([]);
  expect(search.asStandby(links, SECOND, null)).toHaveLength(1);
});

test("a link of which nothing came for long is asked last, one that is silent not at all", () => {
  const search = new Search();
  const links = [2, 3, 4].map((number) => new Neighbour(number).link);
  const now = links[0]!.liveness.heardAt + 2 * SECOND;
  for (const each of links.slice(1)) each.liveness.heard(now);
  expect(numbers(search.askable(links, now))).toEqual([3, 4, 2]);
  links[1]!.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  expect(numbers(search.askable(links, now))).toEqual([4, 2]);
});
