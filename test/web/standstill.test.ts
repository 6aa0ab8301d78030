import { expect, test } from "bun:test";
import { Standstill } from "../../src/web/standstill.ts";

test("what stands still for six seconds begins anew, once, and again after six more", () => {
  const standstill = new Standstill();
  const begun: number[] = [];
  for (let now = 0; now <= 14_000; now += 250) if (standstill.look(now, true)) begun.push(now);
  expect(begun).toEqual([6_000, 12_250]);
});

test("what goes on in between does not", () => {
  const standstill = new Standstill();
  for (let now = 0; now <= 60_000; now += 250) {
    expect(standstill.look(now, now % 6_000 !== 0)).toBe(false);
  }
});
