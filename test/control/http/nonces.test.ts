import { expect, test } from "bun:test";
import { Nonces } from "../../../src/control/http/nonces.ts";
import { TICKET_NONCES_MAX } from "../../../src/limits.ts";

test("ticket-once: a nonce is new once, until its time is over", () => {
  const nonces = new Nonces();
  expect(nonces.isNew("a")).toBeTrue();
  expect(nonces.note("a", 30_000, 0)).toBeTrue();
  expect(nonces.isNew("a")).toBeFalse();
  expect(nonces.note("b", 59_999, 29_999)).toBeTrue();
  expect(nonces.isNew("a")).toBeFalse();
  expect(nonces.note("c", 60_000, 30_000)).toBeTrue();
  expect([nonces.isNew("a"), nonces.isNew("b")]).toEqual([true, false]);
});

test("those that are kept are no more than so many, and none is let go of too early", () => {
  const nonces = new Nonces();
  for (let i = 0; i < TICKET_NONCES_MAX; i += 1) nonces.note(String(i), 30_000, 0);
  expect(nonces.note("more", 30_000, 29_999)).toBeFalse();
  expect(nonces.isNew("0")).toBeFalse();
  expect(nonces.note("more", 60_000, 30_000)).toBeTrue();
});
