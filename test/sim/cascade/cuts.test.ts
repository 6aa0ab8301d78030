/** How a stream is cut, from its root to all nodes that want to know, in clusters of virtual time. */
import { expect } from "bun:test";
import type { SimNode } from "./node.ts";
import { FAR, report } from "./reports.ts";
import { cluster, live, parentOf, SECOND, watched } from "./scenes.ts";
import type { World } from "./world.ts";

/** The number of the only one, on each node. */
const STREAM = 1;
const EDITION = "0a".repeat(16);
const CUT_US = 100_000;
const BODY_BYTES = 400;

/** The root decides for so long; the numbers that it gave. */
function decide(world: World, root: SimNode, us: number, from = 0, edition = EDITION): number[] {
  const numbers: number[] = [];
  for (const end = world.now + us; world.now < end; world.run(CUT_US)) {
    const number = from + numbers.length;
    numbers.push(number);
    const cut = { edition, number, body: new Uint8Array(BODY_BYTES).fill(number) };
    root.relay.cuts.decided(STREAM, cut, root.now);
  }
  return numbers;
}

/** A chain: a node gives it to one other. */
function chain(seed: number, loss = 0): World {
  const world = cluster({ seed, nodes: 4, childrenMax: 1, path: { ...FAR, loss } });
  live(world, 0);
  for (const node of [1, 2, 3]) watched(world, node);
  return world;
}

const hearsAll = (seed: number): void => {
  const world = chain(seed, 0.05);
  world.node(0).relay.cuts.setOpen(STREAM, true);
  for (const node of [1, 2, 3]) world.node(node).relay.cuts.setOpen(STREAM, true);
  world.run(SECOND);
  expect(world.node(0).wished).toEqual([true]);
  const told = decide(world, world.node(0), 3 * SECOND);
  world.run(2 * SECOND);
  for (const node of [1, 2, 3]) expect([node, world.node(node).cuts]).toEqual([node, told]);
  expect(world.node(0).cuts).toEqual([]);
};
report("each node that asks hears all, once and in order, over lossy links", hearsAll, [1, 2]);

const comesLater = (seed: number): void => {
  const world = chain(seed);
  world.node(0).relay.cuts.setOpen(STREAM, true);
  decide(world, world.node(0), 17 * SECOND);
  const deepest = world.nodes.find((node) => node.path("a")?.length === 3)!;
  deepest.relay.cuts.setOpen(STREAM, true);
  world.run(SECOND);
  expect(deepest.cuts.at(-1)).toBe(169);
  expect(deepest.cuts[0]).toBeWithin(17, 22);
  expect(deepest.cuts).toHaveLength(170 - deepest.cuts[0]!);
  const between = world.node(deepest.path("a")![1]!);
  expect(between.cuts).toEqual([]);
  deepest.relay.cuts.setOpen(STREAM, false);
  world.run(SECOND);
  expect(world.node(0).wished).toEqual([true, false]);
};
report(
  "who comes later hears what is kept, by a node that does not cut it itself",
  comesLater,
  [1],
);

const dies = (seed: number): void => {
  const world = chain(seed);
  for (const node of [0, 1, 2, 3]) world.node(node).relay.cuts.setOpen(STREAM, true);
  const deepest = world.nodes.find((node) => node.path("a")?.length === 3)!;
  const told = decide(world, world.node(0), SECOND);
  parentOf(world, deepest.number).crash();
  told.push(...decide(world, world.node(0), 3 * SECOND, told.length));
  world.run(SECOND);
  expect(deepest.cuts).toEqual(told);
};
report("a node on the way dies: nothing is missed, and nothing comes twice", dies, [1, 2]);

const another = (seed: number): void => {
  const world = chain(seed);
  for (const node of [0, 1, 2, 3]) world.node(node).relay.cuts.setOpen(STREAM, true);
  decide(world, world.node(0), SECOND, 500);
  decide(world, world.node(0), SECOND, 0, "0b".repeat(16));
  world.run(SECOND);
  for (const node of [1, 2, 3]) expect(world.node(node).cuts.slice(-10)[0]).toBe(0);
};
report("another edition takes the place of the one before", another, [1]);
