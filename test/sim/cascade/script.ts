/** What happens to a cluster, drawn from a seed. */
import { WEAR_LIMITS } from "../../../src/cascade/handover.ts";
import { CORES_MAX } from "../../../src/wire/cascade/node.ts";
import { seeded } from "../../support/random.ts";
import type { Path } from "./network.ts";
import { tracksOf } from "./publisher.ts";
import { World, type WorldOptions } from "./world.ts";

/** Faults and comings and goings happen until then; behind it all must come to rest. */
export const ACTIVE_US = 8_000_000;
/** The nodes have found each other by then. */
export const BEGIN_US = 1_500_000;
const NAMES = ["a", "b"];
/** Of a third of the seeds associations are worn so soon. */
const WORN_PACKETS = 500;
const LOSSES = [0, 0, 0, 0.01, 0.03, 0.05, 0.1];
const JITTERS = [0, 500, 2_000, 10_000];
const WAYS = ["both", "in", "out"] as const;

/** Something that happens to the world at a time, in words. */
export interface Deed {
  readonly at: number;
  readonly what: string;
  /** It may take media from viewers. */
  readonly fault: boolean;
  run(world: World): void;
}

export interface Script {
  readonly seed: number;
  readonly options: WorldOptions;
  readonly seeds: readonly number[];
  readonly deeds: readonly Deed[];
  /** The longest round trip between two nodes, us. */
  readonly roundTripUs: number;
  readonly path: Partial<Path>;
  /** Delays between regions, one way, us. */
  readonly delays: readonly number[];
  readonly regions: readonly number[];
}

/** Draws values; the same seed gives the same. */
class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  /** low .. high, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  of<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)]!;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }
}

/** The share of nodes that nobody watches at: the rings of those where somebody does take memory. */
function idleOf(count: number): number {
  if (count > 300) return 0.9;
  return count > CORES_MAX ? 0.7 : 0.2;
}

/** In a large cluster most are edges. */
function edgesOf(draw: Draw, count: number): number {
  if (count > CORES_MAX) return count - draw.int(CORES_MAX / 4, CORES_MAX);
  return draw.chance(count > 12 ? 1 : 0.3) ? draw.int(1, Math.floor(count / 2)) : 0;
}

function childrenMaxOf(draw: Draw, count: number, edges: number): number {
  if (count > CORES_MAX) return 64;
  return count > 12 ? 8 : Math.max(edges === 0 ? 0 : edges + 2, draw.of([3, 3, 4, 64]));
}

/** The script of a seed; `nodes` to have so many. */
export function scriptOf(seed: number, nodes?: number): Script {
  const draw = new Draw(seed);
  const count = nodes ?? (draw.chance(0.7) ? draw.int(3, 6) : draw.int(7, 12));
  const edges = edgesOf(draw, count);
  const regions = Array.from({ length: count }, () => draw.int(0, draw.of([0, 0, 1, 2])));
  const delays = [0, 0, 0].map(() => draw.of([5_000, 20_000, 45_000]));
  const path: Partial<Path> = {
    delayUs: draw.of([300, 1_000, 3_000]),
    jitterUs: draw.of(JITTERS),
    loss: draw.of(LOSSES),
    duplication: draw.of([0, 0, 0.02]),
    replay: draw.of([0, 0, 0, 0.01]),
    bursts: draw.of([0, 0, 0, 0.002]),
  };
  const worst = new Set(regions).size > 1 ? Math.max(...delays) : 0;
  return {
    seed,
    options: {
      seed: seed + 1,
      nodes: count,
      path,
      childrenMax: childrenMaxOf(draw, count, edges),
      role: (node) => (node >= count - edges ? "edge" : "core"),
      region: (node) => `r${regions[node]}`,
      ...(seed % 3 === 0 ? { wearLimits: { ...WEAR_LIMITS, packets: WORN_PACKETS } } : {}),
    },
    seeds: draw.chance(0.5) && count - edges > 1 ? [0, 1] : [0],
    deeds: deedsOf(draw, count),
    roundTripUs: 2 * (worst + path.delayUs! + path.jitterUs!),
    path,
    delays,
    regions,
  };
}

export function worldOf({ options, seeds, regions, delays, path }: Script): World {
  const world = new World(options);
  for (const { number: a } of world.nodes) {
    for (const { number: b } of world.nodes) {
      if (regions[a] === regions[b] || options.role!(a) === "edge") continue;
      const far = delays[(regions[a]! + regions[b]!) % delays.length]!;
      // Edges have no links with each other.
      world.network.between(a, b, { delayUs: path.delayUs! + far });
    }
  }
  world.seedAll(...seeds);
  return world;
}

function deedsOf(draw: Draw, count: number): Deed[] {
  const deeds: Deed[] = [];
  const names = NAMES.slice(0, draw.int(1, 2));
  for (const name of names) deeds.push(...publicationsOf(draw, name, count));
  for (let node = 0; node < count; node += 1) deeds.push(...watchingOf(draw, node, count, names));
  for (let at = BEGIN_US + 2_000_000; at < ACTIVE_US; at += draw.int(300_000, 3_000_000)) {
    deeds.push(...faultOf(draw, at, count));
  }
  return deeds.sort((left, right) => left.at - right.at);
}

/** A publisher comes, and may leave and return elsewhere. */
function publicationsOf(draw: Draw, name: string, count: number): Deed[] {
  const deeds: Deed[] = [];
  const layers = draw.int(1, 3);
  let at = BEGIN_US + draw.int(0, 500_000);
  let node = draw.int(0, count - 1);
  for (;;) {
    deeds.push(publish(at, name, node, layers, draw.int(0, 60_000)));
    if (!draw.chance(0.35)) return deeds;
    const left = at + draw.int(1_000_000, 4_000_000);
    const next = draw.int(0, count - 1);
    // Before it has left, at once, or a while later.
    at = left + draw.of([-200_000, 50_000, 1_000_000]);
    if (at >= ACTIVE_US || left >= ACTIVE_US) return deeds;
    deeds.push(unpublish(left, name, node));
    if (next === node) at = Math.max(at, left + 1000);
    node = next;
  }
}

function watchingOf(draw: Draw, node: number, count: number, names: readonly string[]): Deed[] {
  const deeds: Deed[] = [];
  if (draw.chance(idleOf(count))) return deeds;
  const crowd = draw.chance(0.2) ? 10 : 1;
  for (let i = draw.int(1, 2); i > 0; i -= 1) {
    const name = draw.of(names);
    const layers = [draw.int(0, 2)];
    const at = BEGIN_US + draw.int(0, draw.of([1_000_000, 6_000_000]));
    const until = draw.chance(0.3) ? at + draw.int(500_000, 4_000_000) : Number.POSITIVE_INFINITY;
    deeds.push(...watch(at, until, node, name, layers, crowd));
  }
  return deeds;
}

function faultOf(draw: Draw, at: number, count: number): Deed[] {
  const node = draw.int(0, count - 1);
  const other = (node + draw.int(1, count - 1)) % count;
  const length = draw.of([300_000, 1_000_000, 3_000_000]);
  const end = Math.min(ACTIVE_US, at + length);
  const way = draw.of(WAYS);
  const kind = draw.of(["crash", "crash for good", "pause", "cut", "isolate", "split", "drain"]);
  if (kind === "crash for good" && count < 4) return [];
  if (kind === "crash for good") return [crash(at, node)];
  if (kind === "crash") return [crash(at, node), restart(Math.max(at + 1000, end), node)];
  if (kind === "pause") return [pause(at, node, draw.of([100_000, 150_000, 300_000, 1_500_000]))];
  if (kind === "drain") return draw.chance(0.3) ? [drain(at, node), leave(end + 1, node)] : [];
  if (kind === "cut")
    return [cut(at, node, other, true, way), cut(end, node, other, false, "both")];
  const some = Array.from({ length: count }, (_, i) => i).filter(() => draw.chance(0.5));
  const group = kind === "isolate" ? [node] : some;
  return [isolate(at, group, true, way), isolate(end, group, false, "both")];
}

function publish(at: number, name: string, node: number, layers: number, start: number): Deed {
  return {
    at,
    what: `${name} is published at ${node}`,
    fault: true,
    run: (world) => {
      if (world.node(node).runs) world.node(node).announce(name, tracksOf(layers), start);
    },
  };
}

function unpublish(at: number, name: string, node: number): Deed {
  return {
    at,
    what: `${name} leaves ${node}`,
    fault: true,
    run: (world) => {
      if (world.node(node).runs) world.node(node).unpublish(name);
    },
  };
}

function watch(
  at: number,
  until: number,
  node: number,
  name: string,
  layers: readonly number[],
  crowd: number,
): Deed[] {
  const what = `at ${node} ${name} is watched`;
  let stop = (): void => {};
  const begin = (world: World): void => {
    const { boot, runs } = world.node(node);
    if (!runs) return;
    world.node(node).crowd = crowd;
    const watcher = world.node(node).watch(name, layers);
    stop = () => {
      if (world.node(node).alive && world.node(node).boot === boot) {
        world.node(node).unwatch(watcher);
      }
    };
  };
  const deed: Deed = { at, what, fault: false, run: begin };
  if (until > ACTIVE_US) return [deed];
  return [deed, { at: until, what: `${what} no more`, fault: false, run: () => stop() }];
}

function crash(at: number, node: number): Deed {
  return { at, what: `${node} crashes`, fault: true, run: (world) => world.node(node).crash() };
}

function restart(at: number, node: number): Deed {
  const run = (world: World): void => {
    if (!world.node(node).alive) world.restart(world.node(node));
  };
  return { at, what: `${node} starts again`, fault: true, run };
}

function pause(at: number, node: number, us: number): Deed {
  const run = (world: World): void => {
    world.node(node).pausedUntil = Math.min(world.now + us, ACTIVE_US);
  };
  return { at, what: `${node} pauses for ${us / 1000} ms`, fault: true, run };
}

function drain(at: number, node: number): Deed {
  const run = (world: World): void => {
    if (world.node(node).runs) world.node(node).drain();
  };
  return { at, what: `${node} drains`, fault: true, run };
}

function leave(at: number, node: number): Deed {
  const run = (world: World): void => {
    if (world.node(node).runs && world.node(node).draining) world.node(node).leave();
  };
  return { at, what: `${node} leaves`, fault: true, run };
}

function cut(
  at: number,
  node: number,
  other: number,
  is: boolean,
  way: "both" | "in" | "out",
): Deed {
  const run = ({ network }: World): void => {
    if (way !== "in") network.path(node, other).cut = is;
    if (way !== "out") network.path(other, node).cut = is;
  };
  return { at, what: `${node}-${other} ${is ? `cut ${way}` : "whole"}`, fault: true, run };
}

function isolate(
  at: number,
  group: readonly number[],
  is: boolean,
  way: "both" | "in" | "out",
): Deed {
  const run = (world: World): void => world.isolate(group, is, way);
  return { at, what: `[${group}] ${is ? `cut off ${way}` : "back"}`, fault: true, run };
}
