/** What flows of a stream, and what is asked of its publisher. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cluster, have, live, parentOf, SECOND, watched } from "./scenes.ts";

setDefaultTimeout(120_000);

const FAR = { delayUs: 10_000, jitterUs: 1_000 };

test("a late joiner begins with the cached group, not with the next keyframe", () => {
  const world = cluster({ nodes: 2, path: FAR });
  live(world, 0);
  world.run(0.4 * SECOND);
  const watcher = world.node(1).watch("a");
  world.run(0.5 * SECOND);
  const [, video] = have(watcher);
  expect(video.firstAt - watcher.since).toBeLessThan(100_000);
  expect(video.began).toBeTrue();
  expect(video.missing()).toBe(0);
});

test("cascade-begin: a keyframe whose first packets are lost at a join is made whole, and nobody asks for another", () => {
  for (const lost of [1, 3]) {
    const world = cluster({ nodes: 2, path: FAR });
    const publisher = live(world, 0);
    world.run(0.4 * SECOND);
    const asked = publisher.asked[1]!.length;
    let left = lost;
    world.network.passes = (from, _to, datagram) => {
      if (from !== 0 || datagram.length < 900 || left === 0) return true;
      left -= 1;
      return false;
    };
    const watcher = world.node(1).watch("a");
    world.run(0.7 * SECOND);
    const [, video] = have(watcher);
    expect([left, video.began, video.missing()]).toEqual([0, true, 0]);
    expect(publisher.asked[1]!.length).toBe(asked);
  }
});

test("layers that nobody pulls stay choosable, flow when wanted, and no more 2 s after the last wish", () => {
  const world = cluster({ nodes: 2, path: FAR });
  live(world, 0, 3);
  const watcher = world.node(1).watch("a", [2]);
  const { table, feeds } = watcher.following!;
  for (let i = 0; i < 10; i += 1) {
    world.run(0.2 * SECOND);
    table.update(world.node(1).now);
  }
  expect(table.layers.map(({ bitrate }) => bitrate > 100_000)).toEqual([true, true, true]);
  expect([0, 1].map((video) => table.hasKeyframe(video))).toEqual([true, true]);
  expect(feeds.map(({ reader }) => reader.empty)).toEqual([false, true, true, false]);

  world.node(1).choose(watcher, [0]);
  const since = world.now;
  world.run(0.3 * SECOND);
  expect(watcher.of(1)!.firstAt - since).toBeLessThan(100_000);
  expect(watcher.of(1)!.began).toBeTrue();
  world.run(1.5 * SECOND);
  const pull = world.node(1).relay.node.pulls.get("a")!;
  expect(pull.wanted).toBe(0b1011);
  world.run(0.5 * SECOND);
  expect(pull.wanted).toBe(0b0011);
  const { bytes } = world.network;
  world.run(SECOND);
  expect(world.network.bytes - bytes).toBeLessThan(110_000);
});

test("many that join at once ask the publisher for one keyframe each 500 ms at most", () => {
  const world = cluster({ nodes: 8, childrenMax: 3, path: { ...FAR, loss: 0.02 } });
  const publisher = live(world, 0, 2);
  for (let i = 0; i < 40; i += 1) {
    const node = world.node(1 + (i % 7));
    const watcher = node.watch("a", [i % 2]);
    world.run(50_000);
    if (i % 3 === 0) node.unwatch(watcher);
  }
  for (const asked of publisher.asked) {
    for (let i = 1; i < asked.length; i += 1) {
      expect(asked[i]! - asked[i - 1]!).toBeGreaterThanOrEqual(500_000);
    }
  }
});

test("the last viewer leaves: the feed ends, and nothing is left of it", () => {
  const world = cluster({ nodes: 4, childrenMax: 2, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3);
  for (const [i, watcher] of watchers.entries()) world.node(i + 1).unwatch(watcher);
  // Each level lets go 2 s after those below it.
  world.run(7 * SECOND);
  for (const node of world.nodes) {
    expect(node.holdings).toMatchObject({ pulls: 0, children: 0 });
  }
  const { bytes } = world.network;
  world.run(SECOND);
  expect(world.network.bytes - bytes).toBeLessThan(4 * 3 * 400);
});

test("a full parent names others, and they give it", () => {
  const world = cluster({ nodes: 8, childrenMax: 2, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3, 4, 5, 6, 7);
  const places = new Map<number, number>();
  for (let node = 1; node < 8; node += 1) {
    const parent = parentOf(world, node).number;
    places.set(parent, (places.get(parent) ?? 0) + 1);
    expect(have(watchers[node - 1]!)[0].missing()).toBe(0);
  }
  expect(Math.max(...places.values())).toBeLessThanOrEqual(2);
});

test("nodes that ask each other for what neither has do not wait for each other", () => {
  const region = (node: number) => (node === 0 ? "far" : "near");
  const world = cluster({ nodes: 4, path: { delayUs: 1_000 }, region });
  world.network.between(0, 1, { delayUs: 60_000 });
  world.network.between(0, 2, { delayUs: 60_000 });
  world.network.between(0, 3, { delayUs: 60_000 });
  live(world, 0);
  for (const watcher of watched(world, 1, 2, 3)) {
    expect(have(watcher)[0].firstAt - watcher.since).toBeLessThan(700_000);
  }
});

test("a new node disturbs nobody", () => {
  const world = cluster({ nodes: 5, path: FAR });
  world.node(4).crash();
  live(world, 0);
  const watchers = watched(world, 1, 2, 3);
  world.run(6 * SECOND);
  const before = world.nodes.slice(1, 4).map((node) => JSON.stringify(node.parents("a")));
  world.restart(world.node(4));
  world.run(2 * SECOND);
  world.node(4).watch("a");
  world.run(3 * SECOND);
  for (const [i, watcher] of watchers.entries()) {
    expect(JSON.stringify(world.node(i + 1).parents("a"))).toBe(before[i]!);
    expect(have(watcher)[0].gapUs).toBeLessThan(60_000);
    expect(have(watcher)[1].missing()).toBe(0);
  }
});
