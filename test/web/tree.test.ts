import { expect, test } from "bun:test";
import { type TreeWay, treeOf } from "../../src/web/tree.ts";

function way(node: string, path: string[] | null): TreeWay {
  return { node, parent: path?.at(-1) ?? null, path };
}

/** "a", " b": a space a level; "?" behind who says nothing itself. */
function drawn(owner: string, ways: readonly TreeWay[]): string[] {
  return treeOf(owner, ways).map(
    ({ node, depth, way: its }) => " ".repeat(depth) + node + (its === null ? "?" : ""),
  );
}

test("below the root stand those that have it from there, and so on", () => {
  const ways = [
    ...[way("e2", ["r", "m1"]), way("m1", ["r"]), way("r", []), way("e1", ["r", "m1"])],
    ...[way("m2", ["r"]), way("e3", ["r", "m2"])],
  ];
  expect(drawn("r", ways)).toEqual(["r", " m1", "  e2", "  e1", " m2", "  e3"]);
});

test("nodes that say nothing stand where others name them", () => {
  expect(drawn("r", [way("e", ["r", "m", "n"])])).toEqual(["r?", " m?", "  n?", "   e"]);
});

test("who has it from nobody stands behind all", () => {
  expect(drawn("r", [way("x", null), way("r", []), way("m", ["r"])])).toEqual(["r", " m", "x"]);
});

test("of different moments: nobody stands in it twice, and nothing goes round", () => {
  const ways = [way("a", ["r", "b"]), way("b", ["r", "a"]), way("r", ["a"])];
  expect(drawn("r", ways)).toEqual(["r", "a", " b"]);
});
