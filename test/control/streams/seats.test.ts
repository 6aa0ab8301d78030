import { expect, test } from "bun:test";
import { Seats } from "../../../src/control/streams/seats.ts";

test("an address has its share of the places, and who is not counted takes what is left", () => {
  const seats = new Seats({ max: 4, maxOfAddress: 2 });
  expect(["a", "a", "a", "b", null, null].map((address) => seats.take(address))).toEqual([
    true,
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(seats.taken).toBe(4);
  seats.free("a");
  expect(seats.take("a")).toBeTrue();
  for (const address of ["a", "a", "b", null]) seats.free(address);
  expect(seats.taken).toBe(0);
  expect([seats.take("a"), seats.take("a"), seats.take("a")]).toEqual([true, true, false]);
});
