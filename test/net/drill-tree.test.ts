/** What a drill takes for a false death. */
import { expect, test } from "bun:test";
import { falseDeaths, type Places } from "./drill-tree.ts";

const ROOT = { own: true, parent: null, standby: [], path: [], viewers: 0, troubles: [] };

function place(path: readonly number[], standby: readonly number[]) {
  return { own: false, parent: path.at(-1)!, standby, path, viewers: 10, troubles: [] };
}

/** Node 4 has it by 1 and 3. */
function places(standby: readonly number[] = [2]): Places {
  return [ROOT, place([0], []), place([0], []), place([0, 1], standby), place([0, 1, 3], [2])];
}

function without(victim: number, parent: number): Places {
  const left = [...places()];
  left[victim] = null;
  left[4] = place([0, parent], []);
  return left;
}

test("who leaves the victim does so rightly, but where that only paused", () => {
  expect(falseDeaths("kill", places(), without(3, 2), 3)).toEqual([]);
  expect(falseDeaths("pause", places(), without(3, 2), 3)).toEqual([4]);
});

test("who leaves one that is well does so wrongly, also where that one has lost its own parent", () => {
  expect(falseDeaths("kill", places(), without(1, 2), 1)).toEqual([4]);
  expect(falseDeaths("kill", places(), without(2, 1), 2)).toEqual([4]);
  expect(falseDeaths("kill", places(), places(), 2)).toEqual([]);
});

test("one that lost its parent may have it by a way that is too long for nodes below: media passes four", () => {
  // Node 5 stands by for 3, and is as far from the root.
  const before = [...places([5]), place([0, 2], [])];
  const after = [...without(1, 2), place([0, 2], [])];
  expect(falseDeaths("kill", before, after, 1)).toEqual([]);
  expect(falseDeaths("pause", before, after, 1)).toEqual([4]);
});

test("who leaves one whose link loses much has had another beside it; a paused victim's link is no reason", () => {
  const lossy = (all: Places, node: number, begun: number, now = true): Places =>
    all.map((each, number) => {
      if (number !== 4 || each === null) return each;
      return { ...each, troubles: [{ node, begun, now }] };
    });
  const after = without(1, 2);
  expect(falseDeaths("kill", places(), lossy(after, 3, 1), 1)).toEqual([]);
  expect(falseDeaths("kill", places(), lossy(after, 3, 1, false), 1)).toEqual([]);
  expect(falseDeaths("kill", lossy(places(), 3, 1), lossy(after, 3, 1, false), 1)).toEqual([]);
  const over = lossy(places(), 3, 1, false);
  expect(falseDeaths("kill", over, lossy(after, 3, 1, false), 1)).toEqual([4]);
  expect(falseDeaths("kill", places(), lossy(after, 2, 1), 1)).toEqual([4]);
  expect(falseDeaths("pause", places(), lossy(without(3, 2), 3, 1), 3)).toEqual([4]);
});

test("where the publisher's node is the victim there is another tree, and no false death", () => {
  expect(falseDeaths("root", places(), without(3, 2), 0)).toEqual([]);
});
