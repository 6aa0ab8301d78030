/** The tree of a drill's stream as the nodes tell it, and who in it may be a victim. */
import { PATH_NODES_MAX } from "../../src/wire/cascade/kinds.ts";
import { until } from "../support/until.ts";
import type { Kind } from "./faults.ts";
import type { Place, StarCluster } from "./star-cluster.ts";

export type Places = readonly (Place | null)[];

/**
 * A tree that has stood for so long is measured: many processes have begun at once, and the load tool
 * measures from a second after the last join on.
 */
const SETTLED_MS = 3_000;
const READY_MS = 15_000;
/** One that changes within that time is waited for again so often. */
const TRIES = 8;

/**
 * Waits until all viewers are in and each node but the root has a parent, and, if `middle`, some
 * victim's children a standby.
 */
export async function settledTree(
  cluster: StarCluster,
  viewers: number,
  middle: boolean,
  settledMs = SETTLED_MS,
): Promise<Places> {
  const since = performance.now();
  const places = () => cluster.nodes.map(({ number }) => cluster.place(number, since));
  const isSettled = (all: Places): boolean => {
    const given = others(cluster).every((node) => {
      const place = all[node] ?? null;
      return place !== null && place.viewers >= viewers && place.parent !== null;
    });
    return given && (!middle || spared(all).length > 0);
  };
  for (let tried = 0; tried < TRIES; tried += 1) {
    const settled = () => isSettled(places());
    await until("a tree with a middle and standbys", READY_MS, settled, places);
    const before = parentsIn(places());
    await Bun.sleep(settledMs);
    const all = places();
    if (isSettled(all) && parentsIn(all) === before) return all;
  }
  throw new Error("the tree changes by itself");
}

function parentsIn(places: Places): string {
  return places.map((place) => place?.parent).join();
}

/** All nodes but the root. */
export function others(cluster: StarCluster): number[] {
  return cluster.nodes.map(({ number }) => number).filter((number) => number !== cluster.root);
}

/** Nodes in the middle whose children can all have the stream from another at once. */
export function spared(places: Places): number[] {
  return [...places.keys()].filter((node) => {
    const children = childrenOf(places, node);
    const middle = places[node]?.parent != null && children.length > 0;
    return middle && children.every((child) => places[child]!.standby.length > 0);
  });
}

/** One of two parents at once is not yet, or no more, on the way that media takes. */
export function childrenOf(places: Places, node: number): number[] {
  return [...places.keys()].filter(
    (number) => places[number]?.parent === node && places[number].path.at(-1) === node,
  );
}

/** Nodes that left a parent to which nothing had happened. */
export function falseDeaths(
  kind: Kind,
  before: Places,
  after: Places,
  victim: number,
): readonly number[] {
  // Another root has another tree.
  if (before[victim]?.parent === null) return [];
  return [...before.keys()].filter((node) => {
    const parent = before[node]?.parent ?? null;
    if (parent === null || node === victim) return false;
    if (after[node] == null || after[node].parent === parent) return false;
    // The link to it did badly: another parent is had beside it then, and either may be the first.
    if (parent !== victim && hadTrouble(before[node]!, after[node], parent)) return false;
    // What happened to its parent was one, but for a short pause, and so was what happened to the way there.
    return kind === "pause" || !(parent === victim || isTooLongWithout(before, parent, victim));
  });
}

/** Its link to a node did badly then, or has since. */
function hadTrouble(before: Place, after: Place, node: number): boolean {
  const trouble = ({ troubles }: Place) => troubles.find((each) => each.node === node);
  const [then, now] = [trouble(before), trouble(after)];
  return then?.now === true || now?.now === true || (now?.begun ?? 0) > (then?.begun ?? 0);
}

/** It had the stream by the victim, and by one that stands by it is so far away that nobody has it from there. */
function isTooLongWithout(places: Places, node: number, victim: number): boolean {
  const { path, standby } = places[node]!;
  if (!path.includes(victim)) return false;
  return standby.some((other) => (places[other]?.path ?? []).length + 2 >= PATH_NODES_MAX);
}
