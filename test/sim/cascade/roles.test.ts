/** How many cores there are, however many join at once, when some of them die, and when two halves meet. */
import { expect, test } from "bun:test";
import { seeded } from "../../support/random.ts";
import type { SimNode } from "./node.ts";
import { tracksOf } from "./publisher.ts";
import { longestGap } from "./reports.ts";
import { SECOND } from "./scenes.ts";
import type { Watcher } from "./watcher.ts";
import { World } from "./world.ts";

const FAR = { delayUs: 10_000, jitterUs: 1_000 };
/** Of those that are told nothing. */
const CORES = 16;
const GAP_US = 100_000;
/** All have links with all by then, and those that are one too many were that for 3 s. */
const SETTLED_US = 10 * SECOND;
/** 10 s of too few and 60 s of luck, twice the first for who has stepped back once, and some to meet. */
const STEPPED_UP_S = 85;

/** All at once, each told of one that was there before it: whoever answers first knows of few. */
function started(seed: number, nodes: number): World {
  const world = new World({ seed, nodes, path: FAR, role: () => "auto" });
  const random = seeded(seed + 1000);
  for (const node of world.nodes) {
    const { number } = node;
    if (number > 0) node.seed(world.node(Math.floor(random() * number)).address);
  }
  return world;
}

function of(world: World, role: "core" | "edge"): SimNode[] {
  return world.nodes.filter((node) => node.alive && node.role === role);
}

function turnsIn({ nodes }: World): number {
  return nodes.reduce((sum, { turns }) => sum + turns.length, 0);
}

/** Those that rank before the others are cores, with links to each other; all others are edges with three. */
function check(world: World, seed: number): void {
  const cores = of(world, "core");
  const links = (node: SimNode) => node.relay.node.links.cores().length;
  expect({ seed, cores: cores.length }).toEqual({ seed, cores: CORES });
  expect({ seed, links: cores.map(links) }).toEqual({ seed, links: cores.map(() => CORES - 1) });
  const edges = of(world, "edge");
  expect({ seed, links: edges.map(links) }).toEqual({ seed, links: edges.map(() => 3) });
  const open = edges.map(({ relay }) => relay.node.links.openCount);
  expect({ seed, open }).toEqual({ seed, open: edges.map(() => 3) });
}

/** Ten cores each that know nothing of each other. */
function halves(seed: number): { world: World; odd: number[] } {
  const world = new World({ seed, nodes: 20, path: FAR, role: () => "auto" });
  const odd = world.nodes.filter(({ number }) => number % 2 === 1).map(({ number }) => number);
  world.isolate(odd, true);
  world.seedAll(0, 1);
  world.run(3 * SECOND);
  expect({ seed, cores: of(world, "core").length }).toEqual({ seed, cores: 20 });
  return { world, odd };
}

/** Streams of those that will step back, and of one that will not, at some nodes of the same half. */
function watchedInHalves(world: World): Watcher[] {
  const last = world.nodes.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const publishers = [last[0]!, last[1]!, last[19]!];
  for (const [i, node] of publishers.entries()) node.publish(`s${i}`, tracksOf(1));
  world.run(SECOND);
  const watchers = publishers.flatMap(({ number }, i) => {
    const half = last.filter((node) => node.number % 2 === number % 2 && node.number !== number);
    return half.filter((_, at) => at === 1 || at > 7).map((node) => node.watch(`s${i}`));
  });
  world.run(2 * SECOND);
  return watchers;
}

test("of 40 that join at once 16 stay cores, those of the lowest ids, and the others have three links", () => {
  const seed = 1;
  const world = started(seed, 40);
  world.run(2 * SECOND);
  expect(of(world, "core").length).toBeGreaterThan(16);
  world.run(5 * SECOND);
  const turns = turnsIn(world);
  world.run(40 * SECOND);
  check(world, seed);
  expect({ seed, turns: turnsIn(world) }).toEqual({ seed, turns });
}, 240_000);

test("no viewer misses anything while cores step back whose streams flow, and while one steps up", () => {
  const seed = 7;
  const { world, odd } = halves(seed);
  const watchers = watchedInHalves(world);
  expect(longestGap(world, watchers, 2 * SECOND)).toBeLessThan(GAP_US);
  world.isolate(odd, false);
  const gap = longestGap(world, watchers, SETTLED_US);
  expect({ seed, cores: of(world, "core").length, late: gap > GAP_US }).toEqual({
    ...{ seed, cores: 16, late: false },
  });
  // Of those that publish nothing.
  const dead = of(world, "core").find(({ publishers, watchers: its }) => {
    return publishers.size === 0 && its.length === 0;
  });
  dead!.crash();
  world.run(SECOND);
  for (let i = 0; of(world, "core").length < 16; i += 1) {
    const late = longestGap(world, watchers, SECOND) > GAP_US;
    expect({ seed, i, late, slow: i > STEPPED_UP_S }).toEqual({
      ...{ seed, i, late: false, slow: false },
    });
  }
  expect(longestGap(world, watchers, 5 * SECOND)).toBeLessThan(GAP_US);
  expect(watchers.flatMap(({ wrong }) => wrong)).toEqual([]);
}, 240_000);
