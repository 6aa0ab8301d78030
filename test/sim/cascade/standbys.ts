import { placesFor } from "../../../src/cascade/places.ts";
import type { Checks } from "./checks.ts";
import type { SimNode } from "./node.ts";
import type { World } from "./world.ts";

const PATH_NODES_MAX = 4;

/** Whoever has a stream has another node ready to give it, when there is one that could. */
export function checkStandbys(world: World, checks: Checks): void {
  for (const node of world.nodes) {
    for (const { known } of node.alive ? node.relay.node.pulls.values() : []) {
      const { name } = known;
      if (node.path(name) === null || !node.isRead(name)) continue;
      if (hasStandby(node, name)) continue;
      // What is had only for nodes that have another parent as well is no loss.
      const watched = node.watchers.some((watcher) => watcher.name === name);
      if (!watched && node.relay.node.serving.isSpare(known)) continue;
      const could = world.nodes.filter((other) => couldStandBy(world, checks, other, node, name));
      if (could.length === 0) continue;
      const numbers = could.map(({ number }) => number);
      checks.report(
        "standby",
        `${node.number} has none of ${name}, where [${numbers}] could be it`,
      );
    }
  }
}

/** Until one on a way of its own is found, which takes a while, one that shares a node is kept. */
function hasStandby(node: SimNode, name: string): boolean {
  return node.parents(name).some(({ state, mode }) => state === "accepted" && mode === "warm");
}

/** Whether this way to it passes a node beside the root that media passes now. */
function sharesNode(node: SimNode, way: readonly number[], name: string): boolean {
  const taken = node.path(name)!.slice(1);
  return way.slice(1).some((number) => taken.includes(number));
}

/** On a way of its own it has it, or would get it, and has a place left. */
function couldStandBy(
  world: World,
  checks: Checks,
  other: SimNode,
  node: SimNode,
  name: string,
): boolean {
  const has = other.sourceOf(name) !== null;
  if (other.draining || !checks.isLinked(node, other)) return false;
  if (other.role === "edge" && !other.publishers.has(name)) return false;
  const owner = node.path(name)![0]!;
  const way = wayOf(other, name) ?? (has ? null : directWay(world, checks, other, owner));
  if (way === null || way[0] !== owner || way.length + 1 > PATH_NODES_MAX) return false;
  if (way.includes(node.number)) return false;
  if (sharesNode(node, way, name)) return false;
  if (node.parents(name).some((parent) => parent.node === other.number)) return false;
  const children = other.relay.node.serving.children.filter(({ key }) => key.name === name);
  const feeds = node.relay.node.serving.children.some(
    ({ key, link, mode }) => key.name === name && link.node === other.id && mode === "live",
  );
  return !feeds && placesFor({ mode: "warm", spare: false }, children, world.childrenMax) > 0;
}

/** By which it has it, itself at the end. */
function wayOf(node: SimNode, name: string): readonly number[] | null {
  if (node.publishers.has(name)) return [node.number];
  const path = node.path(name);
  return path === null ? null : [...path, node.number];
}

function directWay(
  world: World,
  checks: Checks,
  node: SimNode,
  owner: number,
): readonly number[] | null {
  return checks.isLinked(node, world.node(owner)) ? [owner, node.number] : null;
}
