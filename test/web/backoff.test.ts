import { describe, expect, test } from "bun:test";
import { backoffMs, retryAfterMs } from "../../src/web/backoff.ts";

describe("backoff", () => {
  test("doubles, keeps half of the step fixed, and stays below its maximum", () => {
    expect(backoffMs(0, 0)).toBe(250);
    expect(backoffMs(1, 0)).toBe(500);
    expect(backoffMs(3, 0)).toBe(2000);
    expect(backoffMs(3, 0.5)).toBe(3000);
    expect(backoffMs(100_000, 0.999)).toBeLessThanOrEqual(15_000);
    expect(backoffMs(100_000, 0)).toBe(7_500);
  });
});

describe("Retry-After", () => {
  const now = Date.parse("Tue, 01 Sep 2026 10:00:00 GMT");

  test("reads seconds and dates", () => {
    expect(retryAfterMs("2", now)).toBe(2000);
    expect(retryAfterMs("Tue, 01 Sep 2026 10:00:05 GMT", now)).toBe(5000);
  });

  test("a date that is past means now; a long wait is cut", () => {
    expect(retryAfterMs("Tue, 01 Sep 2026 09:00:00 GMT", now)).toBe(0);
    expect(retryAfterMs("86400", now)).toBe(60_000);
  });

  test("absent or unreadable is null", () => {
    expect(retryAfterMs(null, now)).toBeNull();
    expect(retryAfterMs("soon", now)).toBeNull();
  });
});
