import { expect, test } from "bun:test";
import { betterThan, inOrderOfUse, lacksApart } from "../../src/cascade/apart.ts";
import type { Link } from "../../src/cascade/link.ts";
import type { Parent } from "../../src/cascade/parent.ts";
import { idOf } from "./ends.ts";
import type { Neighbour } from "./neighbour.ts";
import { Ground, neighbours, ROOT } from "./pulling.ts";

const parent = (...path: string[]): Parent => ({ path }) as unknown as Parent;
const [A, B, C] = [parent("r", "1", "2"), parent("r", "1", "3"), parent("r", "4")] as const;

test("another is wanted where two are to give it and the failure of one node takes both", () => {
  expect(lacksApart([A, B], 2, A.path)).toBeTrue();
  expect(lacksApart([A, B, C], 2, A.path)).toBeFalse();
  expect(lacksApart([A, C], 2, A.path)).toBeFalse();
  // One is enough, or there is no second yet.
  expect(lacksApart([A, B], 1, A.path)).toBeFalse();
  expect(lacksApart([A], 2, A.path)).toBeFalse();
  // The root is on all ways.
  expect(lacksApart([parent("r"), A], 2, ["r"])).toBeFalse();
});

test("the first goes on, whoever has a way apart from its own before those that have not", () => {
  expect(inOrderOfUse([A, B, C], A.path)).toEqual([A, C, B]);
  expect(inOrderOfUse([C, A, B], C.path)).toEqual([C, A, B]);
});

test("cascade-ways: a standby gives way to one on a much shorter way, or on a way apart from what it comes by", () => {
  const link = (node: string): Link => ({ node }) as Link;
  const links = ["1", "5", "6"].map(link);
  const ways: Record<string, number> = { "1": 1_000, "5": 30_000, "6": 33_000, "4": 40_000 };
  const way = ({ node }: Link): number | null => ways[node] ?? null;
  const better = (best?: Parent) => betterThan(best, links, A.path, way).map(({ node }) => node);
  const standby = (by: Parent, node: string): Parent => ({ ...by, link: link(node) });
  // Node 1 is what it comes by already.
  expect(better()).toEqual(["5", "6", "1"]);
  expect(better(standby(B, "3"))).toEqual(["5", "6", "1"]);
  // A quarter is much.
  expect(better(standby(C, "4"))).toEqual([]);
  ways["4"] = 44_100;
  expect(better(standby(C, "4"))).toEqual(["5", "6"]);
  // So are 5 ms.
  Object.assign(ways, { "4": 9_000, "5": 4_500, "6": 3_900 });
  expect(better(standby(C, "4"))).toEqual(["6"]);
  // What is not known is not shorter, and nothing is shorter than that.
  delete ways["6"];
  expect(better(standby(C, "4"))).toEqual([]);
  delete ways["4"];
  expect(better(standby(C, "4"))).toEqual([]);
});

/** Two give it by node 7; a third would stand by. */
function sharing() {
  const ground = new Ground(...neighbours(2, 3, 4));
  const [first, shared, apart] = ground.parents as [Neighbour, Neighbour, Neighbour];
  ground.parents = [first, shared];
  ground.accept(first, 1, ROOT, idOf(7), first.id);
  ground.accept(shared, 2, ROOT, idOf(7), shared.id);
  ground.flow(first, 1);
  ground.pull.setViewers(10, ground.now);
  ground.flow(shared, 2);
  ground.parents = [first, shared, apart];
  ground.wait(300_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live", "4 asked warm"]);
  return { ground, first, shared, apart };
}

test("cascade-apart: a second that the same failure takes gives way to one that it does not, once that is of use", () => {
  const { ground, apart } = sharing();
  ground.accept(apart, 3, ROOT, apart.id);
  ground.wait(300_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live", "4 accepted live"]);
  ground.flow(apart, 3);
  ground.wait(300_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted warm", "4 accepted live"]);
  // What is found need not be found again.
  ground.wait(5_000_000);
  expect(ground.states).toContain("4 accepted live");
});

test("cascade-apart: one whose way is no other stands by as before", () => {
  const { ground, apart } = sharing();
  ground.accept(apart, 3, ROOT, idOf(7), apart.id);
  ground.wait(300_000);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live", "4 accepted warm"]);
});

test("cascade-apart: whoever has no place for one that has it already is asked for one a second later", () => {
  const { ground, apart } = sharing();
  ground.accept(apart, 3, ROOT, apart.id);
  const refuse = { reason: "full" as const, alternates: [], retryMs: 250 };
  ground.pull.refused(apart.link, { ...refuse, alias: 3 }, ground.now);
  ground.wait(260_000);
  expect(ground.states).toContain("4 asked warm");
  ground.accept(apart, 4, ROOT, apart.id);
  ground.wait(500_000);
  expect(ground.states).toContain("4 accepted warm");
  ground.wait(500_000);
  expect(ground.states).toContain("4 accepted live");
});

test("cascade-apart: where nobody gives it any more whoever had no place is asked at once", () => {
  const { ground, first, shared, apart } = sharing();
  ground.accept(apart, 3, ROOT, apart.id);
  const refuse = { reason: "full" as const, alternates: [], retryMs: 250 };
  ground.pull.refused(apart.link, { ...refuse, alias: 3 }, ground.now);
  ground.wait(260_000);
  ground.accept(apart, 4, ROOT, apart.id);
  for (const { link } of [first, shared]) ground.pull.lost(link, ground.now);
  expect(ground.states).toContain("4 accepted live");
});

test("cascade-first: it comes by the way of the one that gave it last, until another has been of use", () => {
  const ground = new Ground(...neighbours(2, 3));
  const [first, second] = ground.settle();
  const path = [ROOT, first.id];
  expect(ground.pull.path).toEqual(path);
  first.link.liveness.judge(Number.MAX_SAFE_INTEGER, true);
  ground.pull.maintain(ground.now);
  expect(ground.states).toEqual(["2 accepted live", "3 accepted live"]);
  expect(ground.pull.path).toEqual(path);
  ground.flow(second, 2);
  ground.wait(10_000);
  expect(ground.pull.path).toEqual([ROOT, second.id]);
});
