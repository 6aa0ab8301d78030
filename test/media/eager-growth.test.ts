import { expect, test } from "bun:test";
import { EagerGrowth } from "../../src/media/eager-growth.ts";

function started(): EagerGrowth {
  const growth = new EagerGrowth();
  growth.on = true;
  growth.grow(0, 3e5, 3e6);
  return growth;
}

test("C9: a join's backlog is no sign, whatever the receiver makes of it; later the same is one", () => {
  const growth = started();
  expect(growth.noteRemb(1e6, 1e5, 5e5)).toBeFalse();
  expect(growth.on).toBeTrue();
  growth.noteRemb(3.5e6, 6e5, 5e5);
  expect(growth.noteRemb(4e6, 3e5, 5e5)).toBeTrue();
  expect(growth.on).toBeFalse();
});

test("C9: a REMB that follows what arrives from below is no sign, one that stands still is", () => {
  const growth = started();
  growth.noteRemb(2e6, 1e6, 5e5);
  for (let i = 1; i < 8; i += 1) {
    expect(growth.noteRemb(3e6 + i * 5e5, 1e6 * 1.04 ** i, 2.5e6)).toBeFalse();
  }
  expect(growth.noteRemb(8e6, 1e6 * 1.04 ** 7, 2.5e6)).toBeTrue();
});
