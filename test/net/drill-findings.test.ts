/** What a run of drills calls a miss. */
import { expect, test } from "bun:test";
import { type Findings, missesOf, summary, type Told } from "../../scripts/drill-findings.ts";

const BOUNDS = { kills: 10, addedMs: 500, afterReturnMs: 1_000 };

function told(own: Partial<Told> = {}): Told {
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
    ...{ elsewhereMs: 60, lost: 0, byNode: [], viewers: 6, kept: 6 },
    ...own,
  };
}

function misses(own: Partial<Findings>): string[] {
  return missesOf({ results: [], quiet: [], upgrade: [], failures: [], ...own }, BOUNDS);
}

const three = (own: Partial<Told> = {}) => [told(own), told(), told()];

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
  const lost = told({ void: "the victim carried nothing", gapMs: 9_000, kept: 0 });
  expect(misses({ results: [...three(), lost] })).toEqual([]);
});

test("an upgrade on a late machine loses no viewer either, but who leaves whom is not asked", () => {
  const upgrade = [told({ kind: "upgrade", void: "late", falseDeaths: [3] })];
  expect(misses({ results: three(), upgrade })).toEqual([]);
  const lossy = [told({ kind: "upgrade", void: "late", kept: 5 })];
  expect(misses({ results: three(), upgrade: lossy })).toEqual(["1 viewers lost their sessions"]);
});

test("a summary has the middle and the worst", () => {
  const gaps = [100, 200, 300].map((gapMs) => told({ gapMs }));
  expect(summary(gaps)).toMatchObject({
    counted: 3,
    gapMs: { p50: 200, p99: 300, max: 300 },
    addedMs: { p50: 167, p95: 267 },
  });
});
