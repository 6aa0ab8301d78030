/** Reports of streams that were registered wrongly, for too long, or twice. */
import { expect } from "bun:test";
import { tracksOf } from "./publisher.ts";
import { FAR, longestGap, report } from "./reports.ts";
import { cluster, have, live, SECOND, watched } from "./scenes.ts";
import type { World } from "./world.ts";

/** A link that nothing comes of ends after 5 s, and with it all hope: nobody has it from it any more. */
const FORGOTTEN_US = 5.5 * SECOND;
/** Whoever was away for long is called so seldom. */
const REDIALLED_US = 13 * SECOND;

/** Who has the name, as each node that runs believes. */
function owners(world: World, name = "a"): number[] {
  return world.nodes.flatMap((node) => {
    const owner = node.relay.node.names.best(name)?.owner;
    return node.alive && owner !== undefined ? [world.numberOf(owner)] : [];
  });
}

report("OvenMediaEngine 1530: an origin is killed and is back; it is found each time", (seed) => {
  const world = cluster({ seed, nodes: 4, path: FAR });
  const origin = world.node(0);
  live(world, 0);
  const [watcher] = watched(world, 2);
  for (const [i, away] of [0.05, 0.6, 3, 8].entries()) {
    origin.crash();
    world.run(away * SECOND);
    world.restart(origin);
    world.run(0.2 * SECOND);
    const start = 10_000 * (i + 2);
    live(world, 0, 1, start);
    world.run(REDIALLED_US);
    expect(owners(world)).toEqual([0, 0, 0, 0]);
    expect(world.now - watcher!.heardAt).toBeLessThan(50_000);
    expect(have(watcher!)[0].lowest).toBeGreaterThanOrEqual(start);
  }
});

report("OvenMediaEngine 1865: who has a stream no more does not go on telling of it", (seed) => {
  const world = cluster({ seed, nodes: 4, path: { ...FAR, loss: 0.1 } });
  const [watcher] = [world.node(3).watch("a")];
  let before = 0;
  for (const [i, next] of [1, 0, 1, 0, 0, 1].entries()) {
    // The new one comes before the old one has left, or behind it.
    const early = (i + seed) % 2 === 0 && next !== before;
    if (!early) world.node(before).unpublish("a");
    world.node(next).publish("a", tracksOf(1), 10_000 * (i + 1));
    world.run(60_000);
    if (early) world.node(before).unpublish("a");
    world.run(0.1 * SECOND);
    before = next;
  }
  world.run(1.5 * SECOND);
  expect(owners(world)).toEqual([1, 1, 1, 1]);
  for (const { relay } of world.nodes) {
    for (const { session, node } of relay.node.links.open()) {
      const told = [...relay.node.names.toldBy(session)].map(({ owner }) => world.numberOf(owner));
      expect(told).toEqual(world.numberOf(node) === 1 ? [1] : []);
    }
  }
  expect(have(watcher!)[0].lowest).toBeGreaterThanOrEqual(60_000);
});

report("OvenMediaEngine 355, 339: a stream that died is had again, and nobody restarts", (seed) => {
  const role = (node: number) => (node < 2 ? "core" : "edge");
  const world = cluster({ seed, nodes: 4, path: FAR, role });
  const publisher = live(world, 0);
  const watchers = watched(world, 1, 2, 3);
  const goesOn = (): void => {
    for (const watcher of watchers) expect(world.now - watcher.heardAt).toBeLessThan(50_000);
  };
  publisher.silent = true;
  world.run(10 * SECOND);
  publisher.silent = false;
  world.run(0.5 * SECOND);
  goesOn();
  // The origin stands still for longer than links last.
  world.node(0).pausedUntil = world.now + 8 * SECOND;
  world.run(8 * SECOND + REDIALLED_US);
  goesOn();
  world.node(0).crash();
  world.run(30 * SECOND);
  for (const watcher of watchers) expect(world.now - watcher.heardAt).toBeGreaterThan(25 * SECOND);
  world.restart(world.node(0));
  live(world, 0, 1, 50_000);
  world.run(REDIALLED_US);
  goesOn();
});

report("SRS 2789: two origins take one stream at once; one of them is left, and stays", (seed) => {
  const world = cluster({ seed, nodes: 4, path: FAR });
  world.network.between(1, 2, { delayUs: 90_000 });
  const watchers = [0, 3].map((node) => world.node(node).watch("a"));
  world.node(1).publish("a", tracksOf(1), 10_000);
  world.run(seed * 20_000);
  world.node(2).publish("a", tracksOf(1), 50_000);
  world.run(SECOND);
  const [left] = owners(world);
  const outranked = (): string[] => world.nodes.flatMap((node) => node.outranked);
  for (let i = 0; i < 10; i += 1) {
    const having = world.nodes.filter(({ publishers }) => publishers.has("a"));
    expect(having.map(({ number }) => number)).toEqual([left!]);
    expect(owners(world)).toEqual([left!, left!, left!, left!]);
    expect(outranked()).toEqual(["a"]);
    world.run(0.5 * SECOND);
  }
  for (const watcher of watchers) {
    const start = left === 1 ? 10_000 : 50_000;
    expect(have(watcher)[0].lowest).toBeWithin(start, start + 1_000);
    expect(world.now - watcher.heardAt).toBeLessThan(50_000);
  }
});

report(
  "SRS 4647, Ant Media 5361, cascade-hope: a dead node's streams are not live for minutes",
  (seed) => {
    const world = cluster({ seed, nodes: 4, path: FAR });
    live(world, 0);
    const watchers = watched(world, 1, 2, 3);
    world.node(0).crash();
    world.run(FORGOTTEN_US);
    for (const node of world.nodes.slice(1)) {
      expect([...node.heard.keys()]).toEqual([]);
      expect(node.holdings).toMatchObject({ children: 0, pulls: 0, sources: 0, links: 2 });
    }
    // Nothing has to be deleted first: the name is free.
    live(world, 2, 1, 50_000);
    for (const watcher of watchers) expect(have(watcher)[0].lowest).toBeGreaterThanOrEqual(50_000);
  },
);

report("jicofo 282: what is cleaned up after a dead node is not what has moved", (seed) => {
  for (const way of ["crash", "cut"] as const) {
    const world = cluster({ seed, nodes: 4, path: FAR });
    live(world, 0);
    const watchers = watched(world, 2, 3);
    if (way === "crash") world.node(0).crash();
    else world.isolate([0], true);
    world.run(0.5 * SECOND);
    live(world, 1, 1, 50_000);
    const pulls = [2, 3].map((node) => world.node(node).relay.node.pulls.get("a"));
    // Its links end one after the other now; the one that was cut off comes back with the old one.
    expect(longestGap(world, watchers, 8 * SECOND)).toBeLessThan(60_000);
    world.isolate([0], false);
    expect(longestGap(world, watchers, REDIALLED_US)).toBeLessThan(60_000);
    expect([2, 3].map((node) => world.node(node).relay.node.pulls.get("a"))).toEqual(pulls);
    expect(owners(world)).toEqual(way === "crash" ? [1, 1, 1] : [1, 1, 1, 1]);
    for (const watcher of watchers) expect(have(watcher)[0].lowest).toBeWithin(50_000, 51_000);
  }
});

report(
  "moq 2401: a publisher that reloads its page strands nobody, however long it takes",
  (seed) => {
    const role = (node: number) => (node < 2 ? "core" : "edge");
    const world = cluster({ seed, nodes: 4, path: FAR, role });
    live(world, 1);
    const watchers = watched(world, 0, 2, 3);
    for (const [i, away] of [0, 0.3, 2.1, 5.5, 16].entries()) {
      const start = 10_000 * (i + 2);
      world.node(1).unpublish("a");
      world.run(away * SECOND);
      world.node(1).publish("a", tracksOf(1), start);
      world.run(0.25 * SECOND);
      for (const watcher of watchers) {
        expect(world.now - watcher.heardAt).toBeLessThan(50_000);
        expect(have(watcher)[1]).toMatchObject({ began: true });
        expect(have(watcher)[1].lowest).toBeGreaterThanOrEqual(start);
      }
    }
  },
);

report("atm0s 331: a node counts from the start again, and no old state refuses it", (seed) => {
  const world = cluster({ seed, nodes: 3, path: FAR });
  // Its numbers are high in every way: epochs, sequences, pieces of links.
  for (let i = 0; i < 50; i += 1) {
    world.node(0).publish("a", tracksOf(1), 90_000);
    world.run(20_000);
    world.node(0).unpublish("a");
  }
  live(world, 0, 1, 90_000);
  const watchers = watched(world, 1, 2);
  expect(world.node(1).heard.get("a")!.epoch).toBe(51);
  world.node(0).crash();
  world.restart(world.node(0));
  world.node(0).publish("a", tracksOf(1), 5);
  world.run(REDIALLED_US);
  expect(world.node(1).heard.get("a")!.epoch).toBe(1);
  for (const watcher of watchers) {
    expect(have(watcher)[0].lowest).toBeLessThan(1_000);
    expect(world.now - watcher.heardAt).toBeLessThan(50_000);
    expect(have(watcher)[0].missing(10)).toBe(0);
  }
});

report(
  "cascade-stale: a publisher comes back while one node hears nothing of its owner",
  (seed) => {
    const world = cluster({ seed, nodes: 4, path: FAR });
    live(world, 0);
    const watchers = watched(world, 1, 2);
    world.network.between(0, 1, { cut: true });
    world.run(0.5 * SECOND);
    world.node(0).unpublish("a");
    world.node(0).publish("a", tracksOf(1), 50_000);
    world.run(0.6 * SECOND);
    for (const watcher of watchers) {
      expect(have(watcher)[0].lowest).toBeWithin(50_000, 51_000);
      expect(world.now - watcher.heardAt).toBeLessThan(50_000);
    }
  },
);
