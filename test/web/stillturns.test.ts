import { expect, test } from "bun:test";
import { nextTurns, type Turn } from "../../src/web/stillturns.ts";

const due = (dueMs = 0, loading = false): Turn => ({ dueMs, loading });

test("three are loaded at a time, the first on screen first", () => {
  const list = Array.from({ length: 8 }, (_, i) => ({ ...due(), i }));
  expect(nextTurns(list, 1).map(({ i }) => i)).toEqual([0, 1, 2]);
  const begun = list.map((turn) => ({ ...turn, loading: turn.i < 2 }));
  expect(nextTurns(begun, 1).map(({ i }) => i)).toEqual([2]);
});

test("what is not due yet is passed over", () => {
  const list = [due(500), due(100), due(499)];
  expect(nextTurns(list, 100)).toEqual([list[1]!]);
  expect(nextTurns(list, 99)).toEqual([]);
});

test("of those on screen twelve have pictures, and what goes on loading counts", () => {
  const shown = Array.from({ length: 30 }, (_, i) => due(i < 12 ? 1e9 : 0));
  expect(nextTurns(shown, 1)).toEqual([]);
  // It was among the first when it began.
  const busy = [...Array.from({ length: 12 }, () => due()), ...Array(3).fill(due(0, true))];
  expect(nextTurns(busy, 1)).toEqual([]);
});
