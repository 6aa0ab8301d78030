/** Links that end, and links that do not, whatever happens to the datagrams between. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { NEARER } from "../../../src/cascade/cores.ts";
import type { SimNode } from "./node.ts";
import { cluster, gapIn, have, live, SECOND, watched } from "./scenes.ts";
import type { Watcher } from "./watcher.ts";
import { World } from "./world.ts";

setDefaultTimeout(120_000);

const SEEDS = 10;

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

/** What two nodes have of each other, by which session it was told, and how often they have dialled. */
function between(world: World, [first, second]: readonly [SimNode, SimNode]) {
  const ends = [first, second].map(({ relay }, i) => {
    const { links, names } = relay.node;
    const link = links.to([second, first][i]!.id)!;
    const told = [...names.toldBy(link.session)].map(({ name, epoch }) => `${name} ${epoch}`);
    return { link, session: link.session, closed: link.closed, told };
  });
  return { ends, parents: world.nodes.map((node) => node.parents("a")) };
}

test("cascade-resume: a link lasts where nothing passes for up to four seconds, in any direction", () => {
  for (const seconds of [1.2, 2, 3, 4]) {
    for (const ways of ["both", "in", "out"] as const) {
      for (const seed of [1, 2]) {
        const world = cluster({ nodes: 2, seed });
        const publisher = live(world, 0);
        const [watcher] = watched(world, 1) as [Watcher];
        const pair = [world.node(0), world.node(1)] as const;
        const before = between(world, pair);
        const { sessions } = world;
        world.isolate([1], true, ways);
        world.run(seconds * SECOND);
        world.isolate([1], false);
        const what = [seconds, ways, seed];
        // What flows again does at once, by whichever session.
        world.run(0.1 * SECOND);
        expect([what, gapIn(world, watcher, 2 * SECOND) < 150_000]).toEqual([what, true]);
        expect([what, between(world, pair)]).toEqual([what, before]);
        if (seconds >= 3) expect(world.sessions).toBeGreaterThan(sessions);
        expect(have(watcher)[1].highest).toBeGreaterThan(publisher.next[1]! - 10);
        // All sessions but the one in use are over.
        expect(world.nodes.map(({ holdings }) => holdings.links)).toEqual([1, 1]);
      }
    }
  }
}, 60_000);

test("cascade-resume: a link goes on by another way where the old one stays closed to it", () => {
  const world = cluster({ nodes: 2 });
  live(world, 0);
  const [watcher] = watched(world, 1) as [Watcher];
  const pair = [world.node(0), world.node(1)] as const;
  const before = between(world, pair);
  // As if one of the two had another address now: what is sent by the sessions so far is lost for good.
  const { sessions } = world;
  world.passes = (session) => session > sessions;
  world.run(2.5 * SECOND);
  expect(gapIn(world, watcher, SECOND)).toBeLessThan(100_000);
  expect(between(world, pair)).toEqual(before);
});

test.each(["it is called", "it calls, and what it says by that is lost"])(
  "cascade-resume: a process that was started again meanwhile is another node's: %s",
  (how) => {
    const world = cluster({ nodes: 2 });
    live(world, 0);
    watched(world, 1);
    const [first, second] = [world.node(0), world.node(1)];
    const { link } = between(world, [first, second]).ends[1]!;
    first.crash();
    world.run(1.5 * SECOND);
    first.start();
    if (how !== "it is called") {
      // It has a link then that the other end has not, and is asked by another session for the one before.
      const own = world.sessions + 1;
      world.passes = (session) => session !== own;
      first.seed(second.address);
    }
    world.run(2 * SECOND);
    expect(link.closed).toBeTrue();
    expect(second.relay.node.links.to(first.id)!.hello!.boot).toBe(first.boot);
    expect([...second.heard.keys()]).toEqual([]);
  },
);

test.each([0, 1])(
  "cascade-rivals: of two links that node %p has called at once the same stays for both",
  (caller) => {
    for (const path of [
      { jitterUs: 8_000 },
      { loss: 0.1 },
      { delayUs: 60_000, jitterUs: 50_000 },
    ]) {
      for (let seed = 1; seed <= 3 * SEEDS; seed += 1) {
        const world = new World({ nodes: 2, path, seed });
        const [from, to] = [world.node(caller), world.node(1 - caller)];
        for (let i = 0; i < 2; i += 1) world.dial(from, to.address);
        const isWhole = () => world.nodes.every(({ relay }) => relay.node.links.openCount === 1);
        world.run(SECOND);
        for (const end = world.now + 2 * SECOND; world.now < end; world.run(5_000)) {
          expect([path, seed, isWhole()]).toEqual([path, seed, true]);
        }
      }
    }
  },
);
