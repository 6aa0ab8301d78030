/** Links that end, and links that do not, whatever happens to the datagrams between. */
import { expect, test } from "bun:test";
import { NEARER } from "../../../src/cascade/cores.ts";
import { cluster, SECOND } from "./scenes.ts";

const SEEDS = 20;

test("cascade-close: why a link ended is heard before its session ends, overtaken or lost once", () => {
  for (const path of [{ jitterUs: 60_000 }, { loss: 0.2 }, { delayUs: 40_000, jitterUs: 20_000 }]) {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const world = cluster({ nodes: 3, path, seed });
      const [first, second, third] = world.nodes;
      const why = () => [second!, third!].map(({ closings }) => closings[0]);
      for (const { closings } of world.nodes) closings.length = 0;
      first!.relay.node.links.to(second!.id)!.close(NEARER, first!.now);
      world.run(0.3 * SECOND);
      expect([path, seed, why()[0]]).toEqual([path, seed, NEARER]);
      world.run(2 * SECOND);
      expect(world.nodes.map(({ relay }) => relay.node.links.openCount)).toEqual([2, 2, 2]);
      for (const { closings } of world.nodes) closings.length = 0;
      first!.leave();
      world.run(0.3 * SECOND);
      expect([path, seed, why()]).toEqual([path, seed, ["stopping", "stopping"]]);
      expect([second!, third!].map(({ relay }) => relay.node.links.openCount)).toEqual([1, 1]);
    }
  }
}, 60_000);

test("cascade-close: who ends a link waits no longer than it takes to tell, whoever is at its other end", () => {
  const world = cluster({ nodes: 2 });
  const [first, second] = world.nodes;
  second!.crash();
  first!.relay.stop(first!.now);
  expect(first!.relay.leaves).toBeTrue();
  world.run(0.25 * SECOND);
  expect([first!.relay.leaves, first!.holdings.links]).toEqual([false, 0]);
});
