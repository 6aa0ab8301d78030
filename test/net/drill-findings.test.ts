/** What a run of drills calls a miss. */
import { expect, test } from "bun:test";
import {
  type Findings,
  isFarther,
  missesOf,
  summary,
  type Told,
  told,
} from "../../scripts/drill-findings.ts";

const BOUNDS = { kills: 10, addedMs: 500, afterReturnMs: 1_000 };

function toldOf(own: Partial<Told> = {}): Told {
  return {
    ...{
      loss: 5,
      kind: "kill",
      victim: 1,
      below: [2],
      void: "",
      starved: 0,
      waitedMs: 0,
      falseDeaths: [],
    },
    wokenLateMs: { p99: 1, max: 1 },
    ...{ back: null, browser: null, lateP99Ms: 1, gapMs: 300, freezeMs: 310 },
    ...{ longerMs: 0, elsewhereMs: 60, lost: 0, byNode: [], viewers: 6, kept: 6 },
    ...own,
  };
}

function misses(own: Partial<Findings>): string[] {
  return missesOf({ results: [], quiet: [], upgrade: [], failures: [], ...own }, BOUNDS);
}

const three = (own: Partial<Told> = {}) => [toldOf(own), toldOf(), toldOf()];

test("three of ten that count are enough, two are not", () => {
  expect(misses({ results: three() })).toEqual([]);
  const late = three({ void: "the forwarder was late" });
  expect(misses({ results: late })).toEqual(["2 of 10 count, 3 must"]);
});

test("a gap, a lost viewer, a false death and what could not be told are misses", () => {
  expect(misses({ results: three({ gapMs: 534 }) })).toEqual(["1 gaps of more than 500 ms"]);
  expect(misses({ results: three({ kept: 4 }) })).toEqual(["2 viewers lost their sessions"]);
  const away = misses({ results: three({ falseDeaths: [3] }) });
  expect(away).toEqual(["1 nodes left parents to which nothing had happened"]);
  expect(misses({ results: three(), failures: ["no tree"] })).toEqual(["1 could not be told"]);
});

test("while a publisher goes elsewhere there is nothing to see, but soon after", () => {
  const root = (gapMs: number) =>
    misses({ results: three({ kind: "root", gapMs, back: { ms: 1_500, posts: 2 } }) });
  expect(root(2_500)).toEqual([]);
  expect(root(2_501)).toEqual(["1 times nothing 1000 ms after the publisher's return"]);
});

test("who left a parent while some node had no processor is no miss", () => {
  expect(misses({ results: three({ waitedMs: 200, falseDeaths: [3] }) })).toEqual([]);
});

test("what does not count is in no bound", () => {
  const lost = toldOf({ void: "the victim carried nothing", gapMs: 9_000, kept: 0 });
  expect(misses({ results: [...three(), lost] })).toEqual([]);
});

test("an upgrade on a late machine loses no viewer either, but who leaves whom is not asked", () => {
  const upgrade = [toldOf({ kind: "upgrade", void: "late", falseDeaths: [3] })];
  expect(misses({ results: three(), upgrade })).toEqual([]);
  const lossy = [toldOf({ kind: "upgrade", void: "late", kept: 5 })];
  expect(misses({ results: three(), upgrade: lossy })).toEqual(["1 viewers lost their sessions"]);
});

test("what is lost for good where no link loses anything is a miss, unless a node had no processor", () => {
  const lost = (own: Partial<Told>) => misses({ results: three({ lost: 3, ...own }) });
  expect(lost({ loss: 5 })).toEqual([]);
  expect(lost({ loss: 0 })).toEqual(["3 packets lost for good though no link loses any"]);
  expect(lost({ loss: 0, waitedMs: 200 })).toEqual([]);
  expect(lost({ loss: 0, kind: "root", gapMs: 2_000, back: { ms: 1_500, posts: 2 } })).toEqual([]);
});

test("a way that is longer by more than may be added is judged by what comes on top of it", () => {
  const late = (gapMs: number, longerMs: number) =>
    missesOf(
      { results: three({ gapMs, longerMs }).slice(0, 1), quiet: [], upgrade: [], failures: [] },
      { ...BOUNDS, kills: 1, addedMs: 40 },
    );
  expect(late(33 + 45 + 39, 45)).toEqual([]);
  expect(late(33 + 45 + 41, 45)).toEqual(["1 gaps of more than 40 ms"]);
  // One that can be kept is to be kept.
  expect(late(33 + 41, 39)).toEqual(["1 gaps of more than 40 ms"]);
  expect([39, 41].map((longerMs) => isFarther(toldOf({ longerMs }), 40))).toEqual([false, true]);
});

test("how much longer a way is is told of the node below whose gap is the longest", () => {
  const place = (path: number[]) => ({
    own: false,
    parent: path.at(-1)!,
    standby: [],
    path,
    viewers: 3,
    troubles: [],
  });
  const before = [null, place([0]), place([0, 1]), place([0, 1])];
  const after = [null, null, place([0, 4]), place([0])];
  const seen = (node: number, gapMs: number) => ({ node, gapMs, freezeMs: gapMs, lost: 0 });
  const drilled = (...byNode: ReturnType<typeof seen>[]) => {
    const result = { ...toldOf({ below: [2, 3], byNode }), before, after };
    return told(result, 0, (from, to) => Math.abs(to - from) * 10).longerMs;
  };
  // 0 to 4 to 2 instead of 0 to 1 to 2.
  expect(drilled(seen(2, 80), seen(3, 70), seen(4, 900))).toBe(40);
  expect(drilled(seen(2, 60), seen(3, 70))).toBe(0);
  expect(drilled()).toBe(0);
});

test("a summary has the middle and the worst", () => {
  const gaps = [100, 200, 300].map((gapMs) => toldOf({ gapMs }));
  expect(summary(gaps)).toMatchObject({
    counted: 3,
    gapMs: { p50: 200, p99: 300, max: 300 },
    addedMs: { p50: 167, p95: 267 },
  });
});
