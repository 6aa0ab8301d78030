import { expect, test } from "bun:test";
import { type Occupant, placesFor, withoutPlace } from "../../src/cascade/places.ts";

const LIVE: Occupant = { mode: "live", spare: false };
const SPARE: Occupant = { mode: "live", spare: true };
const WARM: Occupant = { mode: "warm", spare: false };

test("cascade-standby: who stands by, or has it from another as well, takes no place of one that needs it", () => {
  expect(placesFor(LIVE, [WARM, WARM, WARM, WARM], 2)).toBe(2);
  expect(placesFor(LIVE, [SPARE, SPARE], 2)).toBe(2);
  expect(placesFor(LIVE, [LIVE, WARM, LIVE], 2)).toBe(0);
});

test("a free place is kept for two that stand by, or one that has it from another as well", () => {
  expect(placesFor(WARM, [], 3)).toBe(6);
  expect(placesFor(WARM, [LIVE, WARM], 2)).toBe(1);
  expect(placesFor(WARM, [SPARE, WARM], 2)).toBe(1);
  expect(placesFor(WARM, [LIVE, LIVE, WARM], 2)).toBe(-1);
  expect(placesFor(SPARE, [LIVE, SPARE], 3)).toBe(1);
  expect(placesFor(SPARE, [LIVE, WARM], 3)).toBe(1);
  expect(placesFor(SPARE, [LIVE, WARM, WARM, WARM], 3)).toBe(0);
});

test("when a place is given away the oldest standbys go, then those that have it from another", () => {
  const [a, b, c] = [{ ...WARM }, { ...WARM }, { ...WARM }];
  const [d, e] = [{ ...SPARE }, { ...SPARE }];
  expect(withoutPlace([a, b, c], 3)).toEqual([]);
  expect(withoutPlace([a, LIVE, b, c], 3)).toEqual([a]);
  expect(withoutPlace([a, LIVE, b], 2)).toEqual([a, b]);
  expect(withoutPlace([d, a, e], 3)).toEqual([a]);
  expect(withoutPlace([d, a, e], 2)).toEqual([a, d]);
  expect(withoutPlace([LIVE, d], 1)).toEqual([d]);
});
