/** Who has a name when publishers move, and nodes and links fail. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { tracksOf } from "./publisher.ts";
import { cluster, have, live, SECOND, watched } from "./scenes.ts";
import { World } from "./world.ts";

setDefaultTimeout(120_000);

const FAR = { delayUs: 10_000, jitterUs: 1_000 };

test("a partition with two owners heals: the lower one ends within 1 s", () => {
  const world = cluster({ nodes: 4, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 3);
  world.isolate([0, 1], true);
  world.run(6 * SECOND);
  live(world, 2, 1, 50_000);
  world.isolate([0, 1], false);
  while (!world.node(0).relay.node.links.to(world.node(2).id)) world.run(50_000);
  world.run(SECOND);
  expect(world.node(0).outranked).toEqual(["a"]);
  expect([...world.node(0).publishers.keys()]).toEqual([]);
  world.run(SECOND);
  for (const watcher of watchers) {
    expect(have(watcher)[0].lowest).toBeGreaterThanOrEqual(50_000);
    expect(world.now - watcher.heardAt).toBeLessThan(50_000);
  }
});

test("one name at two nodes at the same time: all agree on one of them", () => {
  const world = cluster({ nodes: 4, path: FAR });
  world.node(0).publish("a", tracksOf(1));
  world.node(1).publish("a", tracksOf(1));
  world.run(SECOND);
  expect([0, 1].filter((node) => world.node(node).publishers.has("a"))).toHaveLength(1);
  const owners = world.nodes.map(({ relay }) => relay.node.names.best("a")!.owner);
  expect(new Set(owners).size).toBe(1);
});

test("a publisher returns at the same node: viewers elsewhere go on", () => {
  const world = cluster({ nodes: 3, path: FAR });
  live(world, 0);
  const [watcher] = watched(world, 1);
  world.node(0).unpublish("a");
  live(world, 0, 1, 50_000);
  expect(have(watcher!)[0].lowest).toBeGreaterThanOrEqual(50_000);
  expect(world.now - watcher!.heardAt).toBeLessThan(50_000);
});

test("a node that starts again counts anew: what it told before refuses nothing", () => {
  const world = cluster({ nodes: 3, path: FAR });
  live(world, 0, 1, 90_000);
  const [watcher] = watched(world, 1);
  world.node(0).crash();
  world.run(0.2 * SECOND);
  world.restart(world.node(0));
  world.run(3 * SECOND);
  live(world, 0, 1, 5);
  world.run(SECOND);
  expect(have(watcher!)[0].lowest).toBeLessThan(1_000);
  expect(have(watcher!)[0].missing(10)).toBe(0);
});

test("a viewer at an edge has what an edge of other cores publishes, and what follows it at once", () => {
  const role = (node: number) => (node < 5 ? "core" : "edge");
  const world = cluster({ nodes: 8, path: FAR, role });
  const publisher = live(world, 5);
  const [watcher] = watched(world, 6);
  expect(have(watcher!)[0].missing()).toBe(0);
  expect(world.node(6).relay.node.links.to(world.node(5).id)).toBeNull();
  // Nobody tells an edge of what it has not asked for.
  expect(world.node(7).relay.node.names.best("a")).toBeNull();
  expect(world.node(6).path("a")!.length).toBeLessThan(4);
  publisher.silent = true;
  world.node(7).announce("a", tracksOf(1), 50_000);
  world.run(0.5 * SECOND);
  expect(world.node(5).outranked).toContain("a");
  expect(have(watcher!)[0].lowest).toBeGreaterThanOrEqual(50_000);
  expect(world.now - watcher!.heardAt).toBeLessThan(100_000);
  world.node(7).unpublish("a");
  world.run(0.3 * SECOND);
  for (const { relay } of world.nodes) expect(relay.node.names.best("a")).toBeNull();
});

test("a viewer at an edge that waits is served as soon as somebody publishes", () => {
  const role = (node: number) => (node < 4 ? "core" : "edge");
  const world = cluster({ nodes: 6, path: FAR, role });
  const [watcher] = watched(world, 4);
  world.node(5).announce("a", tracksOf(1));
  world.run(0.7 * SECOND);
  expect(world.now - watcher!.heardAt).toBeLessThan(100_000);
});

test("a core without a link to the owner asks others, and has the stream by them", () => {
  const world = new World({ seed: 7, nodes: 4, path: FAR });
  world.network.between(0, 3, { cut: true });
  world.seedAll(1);
  world.run(3 * SECOND);
  live(world, 0);
  expect(world.node(3).relay.node.links.to(world.node(0).id)).toBeNull();
  const [watcher] = watched(world, 3);
  expect(have(watcher!)[0].missing()).toBe(0);
  expect(world.node(3).path("a")).toHaveLength(2);
});

test("one way only, two owners and a third node that hears both: one of them ends within 1 s", () => {
  const world = cluster({ nodes: 3, path: FAR });
  // No link between the two from now on; each has one with the third.
  world.network.path(0, 1).cut = true;
  world.run(7 * SECOND);
  expect(world.node(0).relay.node.links.to(world.node(1).id)).toBeNull();
  world.node(0).publish("a", tracksOf(1));
  world.node(1).publish("a", tracksOf(1));
  world.run(SECOND);
  expect([0, 1].filter((node) => world.node(node).publishers.has("a"))).toHaveLength(1);
});

test("an owner is asked by way of cores whether it hears of its publisher", () => {
  const role = (node: number) => (node < 5 ? "core" : "edge");
  const world = cluster({ nodes: 8, path: FAR, role });
  const publisher = live(world, 5);
  const asker = world.node(6);
  asker.announce("b", tracksOf(1));
  asker.relay.node.lookUps.begin("a", asker.now);
  world.run(0.2 * SECOND);
  const ask = (): void => {
    asker.relay.askOwner(1, "a", 2_000, asker.now);
    asker.receive(() => {});
    world.run(0.25 * SECOND);
  };
  ask();
  expect(asker.answers).toEqual([true]);
  publisher.silent = true;
  world.run(2.1 * SECOND);
  ask();
  expect(asker.answers).toEqual([true, false]);
});

test("a dead address is dialled again and again, and found when somebody is there", () => {
  const world = cluster({ nodes: 2, path: FAR });
  world.node(1).crash();
  world.run(20 * SECOND);
  expect(world.node(0).relay.node.links.openCount).toBe(0);
  world.restart(world.node(1));
  // Without its own call: whoever was there before is to call.
  world.node(1).seed();
  world.run(13 * SECOND);
  expect(world.node(0).relay.node.links.openCount).toBe(1);
});
