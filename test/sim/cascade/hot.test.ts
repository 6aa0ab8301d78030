/** Two parents at once: what one node's death takes of them, in trees of few places. */
import { expect, test } from "bun:test";
import { placesFor } from "../../../src/cascade/places.ts";
import type { SimNode } from "./node.ts";
import { live, SECOND, watched } from "./scenes.ts";
import { World } from "./world.ts";

const PATH_NODES_MAX = 4;
const CHILDREN_MAX = 3;
/** For whom to ask is looked for step by step; nodes that have no place are asked again after 4 s. */
const PATIENCE_US = 10 * SECOND;
const FRAME_US = 33_334;
const ADDED_US_MAX = 40_000;

/** All watch, ten viewers each. */
function hot(nodes: number, regional: boolean): World {
  const path = { delayUs: 10_000, jitterUs: 1_000 };
  const region = (node: number) => (regional ? String(node % 3) : "");
  const world = new World({ seed: nodes, nodes, childrenMax: CHILDREN_MAX, path, region });
  if (regional) spread(world);
  world.seedAll();
  world.run(1.5 * SECOND);
  for (const node of world.nodes) node.crowd = 10;
  live(world, 0);
  watched(world, ...world.nodes.slice(1).map(({ number }) => number));
  return world;
}

/** Three regions: 5 ms to the second, 12 to the third. */
function spread(world: World): void {
  for (const { number: from } of world.nodes) {
    for (const { number: to } of world.nodes) {
      const delayUs = from % 3 === to % 3 ? 250 : [250, 5_000, 12_000][Math.max(from % 3, to % 3)]!;
      Object.assign(world.network.path(from, to), { delayUs, jitterUs: delayUs / 10 });
    }
  }
}

/** Nodes by which it comes to this one and that it does not come from, by each of its parents. */
function waysOf(world: World, node: number): number[][] {
  const given = world
    .node(node)
    .parents("a")
    .filter(({ state, mode }) => state === "accepted" && mode === "live");
  const first = world.node(node).path("a")?.at(-1);
  const sorted = given.toSorted((a, b) => Number(b.node === first) - Number(a.node === first));
  return sorted.map(({ node: parent }) => wayBy(world, parent));
}

function wayBy(world: World, parent: number): number[] {
  return parent === 0 ? [] : [...(world.node(parent).path("a") ?? []).slice(1), parent];
}

function isApart(way: readonly number[], other: readonly number[]): boolean {
  return !way.some((node) => other.includes(node));
}

/** Nodes that have a place for it, by a way that no failure of a node takes together with the first. */
function othersFor(world: World, number: number): number[] {
  const node = world.node(number);
  const first = waysOf(world, number)[0] ?? [];
  const feeds = (id: string): boolean =>
    node.relay.node.serving.children.some(({ link, mode }) => link.node === id && mode === "live");
  const others = world.nodes.filter((other) => {
    if (!other.alive || other === node || feeds(other.id)) return false;
    const way = wayBy(world, other.number);
    if (way.includes(number) || way.length + 2 > PATH_NODES_MAX || !isApart(way, first))
      return false;
    const children = other.relay.node.serving.children.filter(({ link }) => link.node !== node.id);
    if (node.parents("a").some((each) => each.node === other.number && each.mode === "live"))
      return false;
    return placesFor({ mode: "live", spare: true }, children, CHILDREN_MAX) > 0;
  });
  return others.map((other) => other.number);
}

function hasTwo(world: World, node: number): boolean {
  const [first, ...seconds] = waysOf(world, node);
  return first !== undefined && seconds.some((second) => isApart(second, first));
}

/** Who could have the stream by two ways apart and does not. */
function lacking(world: World): number[] {
  const nodes = world.nodes.slice(1).filter(({ alive }) => alive);
  const single = nodes.filter(({ number }) => !hasTwo(world, number));
  return single.map(({ number }) => number).filter((each) => othersFor(world, each).length > 0);
}

function settle(world: World): void {
  world.run(SECOND);
  for (const end = world.now + PATIENCE_US; world.now < end && lacking(world).length > 0; ) {
    world.run(0.25 * SECOND);
  }
  expect(lacking(world)).toEqual([]);
}

function below(world: World, number: number): SimNode[] {
  return world.nodes.filter((node) => node.alive && node.path("a")?.includes(number));
}

/** Of those that have two ways apart, one of them by the victim: how long they were without, us. */
function kill(world: World, victim: number): Map<number, number> {
  const two = below(world, victim).filter(({ number }) => hasTwo(world, number));
  const gaps = new Map<number, number>();
  world.node(victim).crash();
  for (const end = world.now + 0.6 * SECOND; world.now < end; ) {
    world.run(2_000);
    for (const { number, watchers } of two) {
      const gap = world.now - watchers[0]!.heardAt;
      gaps.set(number, Math.max(gap, gaps.get(number) ?? 0));
    }
  }
  return gaps;
}

test.each([
  [5, false],
  [8, true],
  [12, false],
])(
  "cascade-apart: %p nodes: every node in the middle dies, one after the other: 40 ms at most",
  (nodes, regional) => {
    const world = hot(nodes, regional);
    let seen = 0;
    for (;;) {
      settle(world);
      const nodes = world.nodes.slice(1).filter(({ alive }) => alive);
      const middle = nodes.find(({ number }) => below(world, number).length > 0);
      if (middle === undefined) break;
      for (const gap of kill(world, middle.number).values()) {
        expect(gap - FRAME_US).toBeLessThan(ADDED_US_MAX);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThanOrEqual(nodes / 5);
  },
  30_000,
);

/**
 * Node 1 has it by node 2 and from the root as well, which is far; node 3, which is near the root, has it by
 * node 2 alone. The root gives it to two.
 */
function displacing(): { world: World; far: SimNode } {
  const world = new World({ seed: 3, nodes: 4, childrenMax: 2, path: { delayUs: 5_000 } });
  world.network.between(0, 1, { delayUs: 40_000 });
  world.network.between(0, 3, { delayUs: 1_000, cut: true });
  world.network.between(1, 3, { cut: true });
  world.seedAll(2);
  world.run(2 * SECOND);
  live(world, 0);
  const far = world.node(1);
  far.crowd = 10;
  watched(world, 2, 3, 1);
  world.run(2 * SECOND);
  // Whom it has it from first is whoever gives it longest.
  world.network.path(0, 1).cut = true;
  world.run(0.6 * SECOND);
  world.network.path(0, 1).cut = false;
  // Of one that comes back and one that would stand by there whoever asks first has the place.
  world.run(0.6 * SECOND);
  world.network.between(0, 3, { cut: false });
  world.run(4 * SECOND);
  return { world, far };
}

test("cascade-notice: who loses one parent while the other has given its place away has it all the same", () => {
  const { world, far } = displacing();
  expect(far.path("a")).toEqual([0, 2]);
  expect(waysOf(world, 1)).toEqual([[2], []]);
  expect(
    world
      .node(3)
      .parents("a")
      .map(({ node }) => node),
  ).toEqual([2]);
  world.node(2).crash();
  let gap = 0;
  for (const end = world.now + 4 * SECOND; world.now < end; ) {
    world.run(2_000);
    gap = Math.max(gap, world.now - far.watchers[0]!.heardAt);
  }
  // The root's own word is farther than that of the other was.
  expect(gap - FRAME_US).toBeLessThan(ADDED_US_MAX);
  for (const number of [1, 3]) expect(world.node(number).path("a")?.[0]).toBe(0);
  const { children } = world.node(0).relay.node.serving;
  const alive = children.filter(({ link }) => link.node !== world.node(2).id);
  expect(alive.length).toBeLessThanOrEqual(2);
}, 30_000);
