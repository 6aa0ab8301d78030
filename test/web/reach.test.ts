import { expect, test } from "bun:test";
import { reachBetween, toldReach } from "../../src/web/reach.ts";

const NOW = 1_790_000_000_000;

function link(parameters: Readonly<Record<string, string>>) {
  return { target: "../hls/a/index.m3u8", parameters };
}

test("a reach begins where nothing is gone before it has been fetched", () => {
  expect(reachBetween(NOW - 100_000, NOW)).toEqual({ fromMs: NOW - 94_000, toMs: NOW });
});

test("what is hardly more than what is live is none", () => {
  expect(reachBetween(NOW - 35_000, NOW)).toBeNull();
  expect(reachBetween(NOW - 36_000, NOW)).not.toBeNull();
});

test("an answer tells how long is kept, and since when there is something", () => {
  const since = String(NOW - 3_600_000);
  const hour = toldReach(link({ dvr: "7200", since }), NOW);
  expect(hour).toEqual({ fromMs: NOW - 3_594_000, toMs: NOW });
  const half = toldReach(link({ dvr: "1800", since }), NOW);
  expect(half).toEqual({ fromMs: NOW - 1_794_000, toMs: NOW });
});

test("where nothing, or nonsense, is told there is none", () => {
  expect(toldReach(null, NOW)).toBeNull();
  const told: Readonly<Record<string, string>>[] = [{}, { dvr: "7200" }, { since: "0" }];
  for (const parameters of [...told, { dvr: "x", since: "y" }]) {
    expect(toldReach(link(parameters), NOW)).toBeNull();
  }
});
