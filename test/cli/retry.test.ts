import { expect, test } from "bun:test";
import { type RetryState, retryDelayMs } from "../../src/cli/retry.ts";
import { MediaFileError } from "../../src/client/media.ts";
import { SessionError } from "../../src/client/session.ts";
import { WhipError } from "../../src/client/whip.ts";

const FRESH: RetryState = { wasLive: false, attempt: 0, failingMs: 0, endless: false };
const LIVE: RetryState = { ...FRESH, wasLive: true };
const delay = (error: unknown, state: RetryState, random = 0) =>
  retryDelayMs(error, state, random, 1_000_000);
const http = (status: number, retryAfter: string | null = null) =>
  new WhipError(`answered ${status}`, status, retryAfter);

test("F6: what passes is tried again once it was live, what a person has to mend never", () => {
  for (const status of [0, 408, 425, 500, 502, 504]) {
    expect(delay(http(status), LIVE)).toBe(250);
    expect(delay(http(status), FRESH)).toBeNull();
  }
  expect(delay(new SessionError("the session ended"), LIVE)).toBe(250);
  expect(delay(new SessionError("the session ended"), FRESH)).toBeNull();
  for (const status of [400, 401, 403, 404, 405, 413, 415, 422]) {
    expect(delay(http(status), LIVE)).toBeNull();
  }
  expect(delay(new MediaFileError("damaged"), LIVE)).toBeNull();
  expect(delay(new TypeError("a bug"), LIVE)).toBeNull();
});

test("F6: Retry-After is the least pause, from the start", () => {
  expect(delay(http(503, "7"), FRESH)).toBe(7_000);
  expect(delay(http(429, "7"), FRESH)).toBe(7_000);
  expect(delay(http(503, new Date(1_004_000).toUTCString()), LIVE)).toBe(4_000);
  expect(delay(http(503, "soon"), FRESH)).toBe(250);
  expect(delay(http(503, "0"), { ...LIVE, attempt: 3 })).toBe(2_000);
});

test("F6: pauses grow to 15 s; a file sent once gives up after five minutes, a loop never", () => {
  const pauses = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) =>
    delay(http(0), { ...LIVE, attempt }, 1),
  );
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  const late = { ...LIVE, failingMs: 301_000 };
  expect(delay(http(0), late)).toBeNull();
  expect(delay(http(0), { ...late, endless: true })).toBe(250);
});

test("F6: a name that our lost session still holds is waited for, another's is not", () => {
  expect(delay(http(409), FRESH)).toBeNull();
  expect(delay(http(409), LIVE)).toBe(250);
  expect(delay(http(409), { ...LIVE, failingMs: 61_000, endless: true })).toBeNull();
});
