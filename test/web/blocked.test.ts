import { expect, test } from "bun:test";
import { isBlocked, rememberBlocked } from "../../src/web/blocked.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;

test("F20: a blocked network is remembered for ten minutes, for all streams of a server and no other", () => {
  const [one, other, elsewhere] = [
    "https://one.example/whep/a",
    "https://one.example/whep/b/c",
    "https://two.example/whep/a",
  ] as const;
  expect(isBlocked(one, NOW)).toBeFalse();
  rememberBlocked(one, true, NOW);
  expect([one, other, elsewhere].map((each) => isBlocked(each, NOW))).toEqual([true, true, false]);
  expect(isBlocked(one, NOW + 10 * MINUTE - 1)).toBeTrue();
  expect(isBlocked(one, NOW + 10 * MINUTE)).toBeFalse();
  // A clock that was set back is no reason to wait for longer.
  expect(isBlocked(one, NOW - 1)).toBeFalse();
  rememberBlocked(other, false, NOW);
  expect(isBlocked(one, NOW)).toBeFalse();
});
