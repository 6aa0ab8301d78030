import { expect, test } from "bun:test";
import { placesFor, withoutPlace } from "../../src/cascade/places.ts";

type Mode = "live" | "warm";

function of(...modes: Mode[]): { mode: Mode }[] {
  return modes.map((mode) => ({ mode }));
}

test("who stands by takes no place of one that media flows to", () => {
  expect(placesFor("live", of("warm", "warm", "warm", "warm"), 2)).toBe(2);
  expect(placesFor("live", of("live", "warm", "live"), 2)).toBe(0);
});

test("a free place is kept for two that stand by", () => {
  expect(placesFor("warm", of(), 3)).toBe(6);
  expect(placesFor("warm", of("live", "warm"), 2)).toBe(1);
  expect(placesFor("warm", of("live", "live", "warm"), 2)).toBe(-1);
});

test("the oldest standbys go when a place is given away", () => {
  const [a, b, c] = of("warm", "warm", "warm");
  const [live] = of("live");
  expect(withoutPlace([a!, b!, c!], 3)).toEqual([]);
  expect(withoutPlace([a!, live!, b!, c!], 3)).toEqual([a!]);
  expect(withoutPlace([a!, live!, b!], 2)).toEqual([a!, b!]);
  expect(withoutPlace([live!, a!], 1)).toEqual([a!]);
});
