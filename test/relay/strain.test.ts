import { expect, test } from "bun:test";
import type { Link } from "../../src/cascade/link.ts";
import { Strain } from "../../src/relay/strain.ts";

function link(isGray: boolean, laterUs = 0): Link {
  const time = { roundTripUs: 20_000, newestUs: 20_000 + laterUs };
  return { gray: { isGray }, time } as Link;
}

/** After a second of 100 packets a look, so many are missing for long. */
function strainOf(links: readonly Link[], open: number): boolean {
  const strain = new Strain();
  for (let look = 0; look < 5; look += 1) strain.look(links, look * 100, 0);
  return strain.look(links, 500, open);
}

test("cascade-layers: what stays missing shows that links that do badly do not carry it", () => {
  expect(strainOf([link(true)], 6)).toBeTrue();
  expect(strainOf([link(true), link(true)], 6)).toBeTrue();
  // Chance.
  expect(strainOf([link(true)], 5)).toBeFalse();
  // Nobody had it to give: the link is well.
  expect(strainOf([link(false)], 100)).toBeFalse();
  // Another helps.
  expect(strainOf([link(true), link(false)], 100)).toBeFalse();
  expect(strainOf([], 100)).toBeFalse();
});

test("so does media that waits in queues on all ways", () => {
  expect(strainOf([link(true, 400_000)], 0)).toBeTrue();
  expect(strainOf([link(true, 200_000)], 0)).toBeFalse();
});

test("cascade-layers: two that lose and have queues are in each other's way", () => {
  expect(strainOf([link(true, 40_000), link(true, 30_000)], 0)).toBeTrue();
  // One has nothing to spare, but is not full.
  expect(strainOf([link(true, 40_000)], 0)).toBeFalse();
  // Chance.
  expect(strainOf([link(true, 2_000), link(true, 1_000)], 0)).toBeFalse();
  // Of one line the first has what there is, and the second the rest.
  expect(strainOf([link(false, 40_000), link(true, 30_000)], 0)).toBeTrue();
  expect(strainOf([link(false, 40_000), link(true, 1_000)], 0)).toBeFalse();
  // The other helps.
  expect(strainOf([link(true, 40_000), link(true, 1_000)], 0)).toBeFalse();
  expect(strainOf([link(true, 40_000), link(false, 40_000)], 0)).toBeFalse();
});

test("of few packets a few that are missing are no share", () => {
  const strain = new Strain();
  expect(strain.look([link(true)], 0, 2)).toBeFalse();
  expect(strain.look([link(true)], 50, 3)).toBeTrue();
});
