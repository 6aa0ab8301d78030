import { expect, test } from "bun:test";
import { TokenBucket } from "../../src/media/token-bucket.ts";

test("a bucket gives its capacity at once, then its rate", () => {
  const bucket = new TokenBucket(5, 10);
  let taken = 0;
  for (let now = 1e12; now < 1e12 + 2e6; now += 10_000) if (bucket.take(now, 1)) taken += 1;
  expect(taken).toBe(5 + 19);
});

test("what is not all there is not taken in part", () => {
  const bucket = new TokenBucket(5, 1);
  expect(bucket.take(0, 6)).toBeFalse();
  expect(bucket.left(0)).toBe(5);
});

test("a debt of one bucket at most is worked off, also when time stands still or goes back", () => {
  const bucket = new TokenBucket(4, 2);
  for (let i = 0; i < 100; i += 1) bucket.charge(1e6, 3);
  expect(bucket.left(1e6)).toBe(-4);
  expect(bucket.left(0)).toBe(-4);
  expect(bucket.left(3e6)).toBe(0);
  expect(bucket.take(3.5e6, 1)).toBeTrue();
});
