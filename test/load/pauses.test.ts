import { expect, test } from "bun:test";
import { Pauses } from "../../src/load/pauses.ts";

test("the longest pause is told, those before the measuring are not", () => {
  const pauses = new Pauses();
  pauses.note(1000, false);
  pauses.note(9000, false);
  for (const at of [9020, 9070, 9080]) pauses.note(at, true);
  expect(pauses.end(9090)).toBe(50);
});

test("a pause that never ended counts up to the end", () => {
  const pauses = new Pauses();
  for (const at of [100, 120]) pauses.note(at, true);
  expect(pauses.end(500)).toBe(380);
});

test("nothing is told where nothing came", () => {
  const pauses = new Pauses();
  expect(pauses.end(500)).toBe(null);
  pauses.note(100, false);
  expect(pauses.end(500)).toBe(null);
});
