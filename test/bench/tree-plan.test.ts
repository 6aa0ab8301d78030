/** The tree of a large audience, from costs that can be followed by hand. */
import { expect, test } from "bun:test";
import { planTree, type TreeCosts, type TreeGround } from "../../scripts/bench/tree-plan.ts";

const COSTS: TreeCosts = {
  milliCpuViewer: 1,
  usChild: 10,
  usIn: 20,
  packetsPerSecond: 250,
  payloadBytes: 1_000,
  viewerOverheadBytes: 0,
  linkOverheadBytes: 0,
  stayMs: { p50: 0.2, p99: 1 },
};
const GROUND: TreeGround = {
  ...{ cores: 6, ownCores: 2, gbps: 10, share: 0.5, childrenMax: 64, pathMax: 4, edgesMax: 4_000 },
  parents: 2,
};

test("an audience that one node carries takes one node", () => {
  const { levels, whole } = planTree(2_000, COSTS, GROUND);
  expect(levels.map(({ nodes, viewers }) => [nodes, viewers])).toEqual([[1, 2_000]]);
  expect(whole).toMatchObject({ nodes: 1, path: 1, "stay p50 ms": 0, "links Gb/s": 0, fits: true });
});

test("edges have the stream by two ways, and middles as many children as there are places", () => {
  // 2,000 viewers an edge by its cores; 64 children by the limit.
  const { levels, whole } = planTree(2_000_000, COSTS, GROUND);
  expect(levels.map(({ name, nodes, children }) => [name, nodes, children])).toEqual([
    ["root", 1, 32],
    ["middle", 32, 63],
    ["edge", 1_000, 0],
  ]);
  // 250 packets of 20 us in and 63 of 10 us out.
  expect(levels.map((level) => level["relay %"])).toEqual([8, 16.25, 1]);
  expect(whole).toMatchObject({ nodes: 1_033, path: 3, "stay p50 ms": 0.4, fits: true });
  expect(whole["links Gb/s"]).toBeCloseTo((32 + 32 * 63) * 0.002, 2);
});

test("a card that is full sooner than the cores decides", () => {
  const { levels } = planTree(500, COSTS, { ...GROUND, gbps: 1 });
  expect(levels.map(({ nodes, viewers }) => [nodes, viewers])).toEqual([
    [1, 0],
    [2, 250],
  ]);
});

test("more edges than a cluster has, or a longer path, do not fit", () => {
  expect(planTree(10_000_000, COSTS, GROUND).whole.fits).toBe(false);
  const { levels, whole } = planTree(200_000, COSTS, { ...GROUND, childrenMax: 4 });
  expect(levels.length).toBeGreaterThan(4);
  expect(whole.fits).toBe(false);
});
