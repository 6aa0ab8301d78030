import { expect, test } from "bun:test";
import { RateLimit } from "../../../src/control/http/rate-limit.ts";
import { RATE_LIMIT_ADDRESSES_MAX } from "../../../src/limits.ts";

const SECOND_US = 1_000_000;

/** How many requests in a row are let through. */
function passes(limit: RateLimit, now: number, address: string, cost = 1): number {
  let count = 0;
  while (limit.take(now, address, cost)) count += 1;
  return count;
}

test("a second's worth at once, and then what time brings", () => {
  const limit = new RateLimit(10);
  expect(passes(limit, 0, "192.0.2.1")).toBe(10);
  expect(passes(limit, SECOND_US / 2, "192.0.2.1")).toBe(5);
  expect(passes(limit, 100 * SECOND_US, "192.0.2.1", 0.1)).toBe(100);
});

test("addresses count apart, those of one IPv6 network together", () => {
  const limit = new RateLimit(3);
  expect(passes(limit, 0, "2001:db8::1")).toBe(3);
  expect(passes(limit, 0, "2001:db8::2")).toBe(0);
  expect(passes(limit, 0, "2001:db8:0:1::1")).toBe(3);
});

test("whoever has a full bucket again is forgotten", () => {
  const limit = new RateLimit(10);
  passes(limit, 0, "192.0.2.1");
  limit.take(SECOND_US, "192.0.2.2", 5);
  limit.sweep(1.4 * SECOND_US);
  expect(limit.size).toBe(1);
  expect(passes(limit, 1.4 * SECOND_US, "192.0.2.2")).toBe(9);
});

test("there are so many at most, and the one that was quiet longest goes", () => {
  const limit = new RateLimit(2);
  const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  for (let i = 0; i < RATE_LIMIT_ADDRESSES_MAX; i += 1) passes(limit, 0, address(i));
  limit.take(0, address(0), 1);
  limit.take(0, "192.0.2.1", 1);
  expect(limit.size).toBe(RATE_LIMIT_ADDRESSES_MAX);
  expect(passes(limit, 0, address(0))).toBe(0);
  expect(passes(limit, 0, address(1))).toBe(2);
});
