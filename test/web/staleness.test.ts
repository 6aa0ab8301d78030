import { describe, expect, test } from "bun:test";
import { captureMsOf, isStale } from "../../src/web/staleness.ts";

const SHOWN = { latencyMs: 1_500, back: { isBehind: false }, isNative: false };

describe("F21: a tail is stale", () => {
  test("when it is older than ten seconds, and not before", () => {
    for (const [latencyMs, stale] of [
      [1_500, false],
      [10_000, false],
      [10_001, true],
      [3_600_000, true],
      // A clock that is not quite known.
      [-300, false],
    ] as const) {
      expect(isStale({ ...SHOWN, latencyMs })).toBe(stale);
    }
  });

  test("never while nobody knows how old it is, or somebody has gone back", () => {
    expect(isStale({ ...SHOWN, latencyMs: null })).toBeFalse();
    expect(isStale({ ...SHOWN, latencyMs: 11_000, back: { isBehind: true } })).toBeFalse();
  });

  test("later where the browser plays by itself, three segments behind", () => {
    expect(isStale({ ...SHOWN, latencyMs: 39_000, isNative: true })).toBeFalse();
    expect(isStale({ ...SHOWN, latencyMs: 41_000, isNative: true })).toBeTrue();
  });
});

describe("what a browser tells that plays by itself", () => {
  test("is the capture of its beginning", () => {
    const video = { currentTime: 12.5, getStartDate: () => new Date(1_790_000_000_000) };
    expect(captureMsOf(null, video)).toBe(1_790_000_012_500);
  });

  test("is of no use where hls.js knows better", () => {
    const video = { currentTime: 12.5, getStartDate: () => new Date(1_790_000_000_000) };
    expect(captureMsOf({ playingDate: new Date(1_700_000_000_000) }, video)).toBe(
      1_700_000_000_000,
    );
    expect(captureMsOf({ playingDate: null }, video)).toBeNull();
  });

  test("may be nothing yet, or at all", () => {
    const video = { currentTime: 12.5, getStartDate: () => new Date(Number.NaN) };
    expect(captureMsOf(null, video)).toBeNull();
    expect(captureMsOf(null, { currentTime: 3 })).toBeNull();
  });
});
