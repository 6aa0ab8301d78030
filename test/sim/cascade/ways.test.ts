/** Whom a node has ready to give it a stream as well: by the whole way from the root. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cluster, live, SECOND } from "./scenes.ts";
import type { World } from "./world.ts";

setDefaultTimeout(120_000);

const FAR = { delayUs: 45_000 };
const SEEDS = [7, 8];

/**
 * Node 0 publishes, node 1 has it from there. Node 2 is next to node 1 and far from the root, node 3 is
 * next to the root and not as near to node 1. Node 4 is near
 * to nobody.
 */
function far(seed: number): World {
  const world = cluster({ nodes: 5, seed, path: { delayUs: 1_000 } });
  world.network.between(0, 1, { delayUs: 15_000 });
  world.network.between(1, 3, { delayUs: 12_000 });
  world.network.between(0, 2, FAR);
  for (let other = 0; other < 4; other += 1) world.network.between(other, 4, { delayUs: 30_000 });
  // Round trips are what they are now.
  world.run(9 * SECOND);
  live(world, 0);
  return world;
}

function giving(world: World): string[] {
  return world
    .node(1)
    .parents("a")
    .map(({ node, mode }) => `${node} ${mode}`);
}

test("cascade-ways: who has the shortest whole way stands by, and is the second that gives it", () => {
  for (const seed of SEEDS) {
    const world = far(seed);
    world.node(1).watch("a");
    world.run(SECOND);
    expect(giving(world)).toEqual(["0 live", "3 warm"]);
    world.node(1).crowd = 10;
    world.node(1).watch("a");
    world.run(SECOND);
    expect(giving(world).slice(0, 2)).toEqual(["0 live", "3 live"]);
    expect(world.node(1).path("a")).toEqual([0]);
  }
});

test("cascade-ways: where its way becomes long another takes its place, and only then", () => {
  for (const seed of SEEDS) {
    const world = far(seed);
    world.node(1).watch("a");
    for (let i = 0; i < 50; i += 1) {
      world.run(0.1 * SECOND);
      if (i > 10) expect(giving(world)).toEqual(["0 live", "3 warm"]);
    }
    // Nothing is wrong with the link to node 1.
    world.network.between(0, 3, { delayUs: 90_000 });
    world.run(14 * SECOND);
    expect(giving(world)).toEqual(["0 live", "2 warm"]);
  }
});
