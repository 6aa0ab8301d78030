import { expect, test } from "bun:test";
import {
  formatBehind,
  formatBitrate,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatMs,
  formatShare,
} from "../../src/web/format.ts";
import { nameFromPath, pathOfName } from "../../src/web/streamname.ts";

test("figures read naturally, and a missing one is a dash", () => {
  expect(formatBitrate(1_820_000)).toBe("1.82 Mb/s");
  expect(formatBitrate(950)).toBe("950 b/s");
  expect(formatBytes(3 * 2 ** 20)).toBe("3.0 MiB");
  expect(formatDuration(59.9)).toBe("59 s");
  expect(formatDuration(187)).toBe("3 min 07 s");
  expect(formatDuration(7500)).toBe("2 h 05 min");
  expect(formatDuration(270_000)).toBe("3 d 3 h");
  expect(formatMs(4.24)).toBe("4.2 ms");
  expect(formatShare(0.0004)).toBe("0.04 %");
  expect(formatShare(0)).toBe("0 %");
  expect(formatCount(1234567)).toBe("1\u2009234\u2009567");
  for (const format of [formatBitrate, formatBytes, formatDuration, formatMs, formatShare]) {
    expect(format(null)).toBe("–");
    expect(format(Number.NaN)).toBe("–");
  }
});

test("times behind live, as they are shown and read out", () => {
  expect([0, 59_600, 245_000, 3_845_000].map(formatClock)).toEqual([
    ...["0:00", "1:00", "4:05", "1:04:05"],
  ]);
  expect(formatBehind(0)).toBe("Live");
  expect(formatBehind(1_000)).toBe("1 second behind live");
  expect(formatBehind(3_845_000)).toBe("1 hour 4 minutes 5 seconds behind live");
  expect(formatBehind(7_200_000)).toBe("2 hours behind live");
});

test("stream names survive the way into an address and back", () => {
  for (const name of ["demo", "event/stage 1", "50%/ü?#"]) {
    expect(nameFromPath(pathOfName("watch", name), "watch")).toBe(name);
  }
  expect(pathOfName("whep", "a/b c")).toBe("/whep/a/b%20c");
  expect(nameFromPath("/watch/", "watch")).toBe("");
  expect(nameFromPath("/watch/%zz", "watch")).toBe("");
  expect(nameFromPath("/publish/x", "watch")).toBe("");
});
