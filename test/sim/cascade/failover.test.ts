/** What viewers lose when nodes and links between them fail. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Checks } from "./checks.ts";
import { cluster, gapIn, have, live, parentOf, SECOND, watched } from "./scenes.ts";
import { Standbys } from "./standbys.ts";

setDefaultTimeout(120_000);

const FAR = { delayUs: 10_000, jitterUs: 1_000 };

test("two nodes, one stream: all of it comes, as late as the link is long", () => {
  const world = cluster({ nodes: 2, path: FAR });
  live(world, 0);
  const [watcher] = watched(world, 1);
  world.run(2 * SECOND);
  for (const received of have(watcher!)) {
    expect(received.missing()).toBe(0);
    expect(received.firstAt - watcher!.since).toBeLessThan(100_000);
    expect(received.ageUs).toBeWithin(9_000, 16_000);
  }
  expect(watcher!.wrong).toEqual([]);
});

test("a middle node is killed: 500 ms at most, and nothing is lost for good", () => {
  const world = cluster({ nodes: 6, childrenMax: 2, path: { ...FAR, loss: 0.02 } });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3, 4, 5);
  const middle = [1, 2, 3, 4, 5].find((node) => parentOf(world, node).number !== 0)!;
  const killed = parentOf(world, middle);
  killed.crash();
  const below = watchers[middle - 1]!;
  expect(gapIn(world, below, SECOND)).toBeLessThan(500_000);
  world.run(SECOND);
  expect(parentOf(world, middle)).not.toBe(killed);
  for (const received of have(below)) expect(received.missing(40)).toBe(0);
});

test("a node without viewers stands by, has nothing of the stream, and gives it when it is needed", () => {
  const world = cluster({ nodes: 3, path: FAR });
  live(world, 0);
  const [watcher] = watched(world, 1);
  const standby = { node: 2, state: "accepted", mode: "warm" };
  expect(world.node(1).parents("a")).toContainEqual(standby);
  expect(world.node(2).holdings).toMatchObject({ pulls: 0, sources: 0, children: 1 });
  world.network.path(0, 1).cut = true;
  expect(gapIn(world, watcher!, SECOND)).toBeLessThan(500_000);
  expect(world.node(1).path("a")).toEqual([0, 2]);
  for (const received of have(watcher!)) expect(received.missing(40)).toBe(0);
});

test("three deep in a narrow tree all have a standby, on another way where there is one", () => {
  const world = cluster({ nodes: 8, childrenMax: 2 });
  live(world, 0);
  watched(world, 1, 2, 3, 4, 5, 6, 7);
  world.run(2 * SECOND);
  for (const node of world.nodes.slice(1)) {
    const standbys = node.parents("a").filter(({ mode }) => mode === "warm");
    expect(standbys.map(({ state }) => state)).toContain("accepted");
  }
  expect(world.nodes.map((node) => node.path("a")?.length ?? 0)).toContain(3);
  const checks = new Checks({ world, roundTripUs: 10_000, lossy: false });
  const standbys = new Standbys(world, checks);
  for (const end = world.now + 9 * SECOND; world.now < end; ) {
    world.run(250_000);
    standbys.look();
  }
  expect(checks.problems).toEqual([]);
}, 60_000);

test("with ten viewers a second parent gives it already: nothing is felt of a death", () => {
  const world = cluster({ nodes: 5, childrenMax: 3, path: FAR });
  for (const node of world.nodes) node.crowd = 10;
  live(world, 0);
  const watchers = watched(world, 1, 2, 3, 4);
  world.run(SECOND);
  const dual = [1, 2, 3, 4].find((node) => {
    const parents = world.node(node).parents("a");
    return parents.filter(({ mode }) => mode === "live").length === 2 && parents[0]!.node !== 0;
  })!;
  parentOf(world, dual).crash();
  expect(gapIn(world, watchers[dual - 1]!, SECOND)).toBeLessThan(100_000);
});

test("the root is killed and the publisher returns at another node: viewers go on", () => {
  const world = cluster({ nodes: 4, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3);
  world.node(0).crash();
  world.run(0.5 * SECOND);
  live(world, 2, 1, 50_000);
  for (const watcher of watchers) {
    expect(world.now - watcher.heardAt).toBeLessThan(50_000);
    expect(have(watcher)[0].lowest).toBeGreaterThanOrEqual(50_000);
  }
  world.run(6 * SECOND);
  expect(world.node(1).relay.node.names.best("a")!.epoch).toBe(2);
  for (const watcher of watchers) expect(have(watcher)[1].missing(10)).toBe(0);
});

test("the root is cut off for 60 s: it goes on at the head, behind a keyframe", () => {
  const world = cluster({ nodes: 2, path: FAR });
  const publisher = live(world, 0);
  const [watcher] = watched(world, 1);
  world.isolate([0], true);
  world.run(60 * SECOND);
  expect(world.now - watcher!.heardAt).toBeGreaterThan(59 * SECOND);
  world.isolate([0], false);
  world.run(13 * SECOND);
  const [audio, video] = have(watcher!);
  expect(world.now - watcher!.heardAt).toBeLessThan(50_000);
  expect(publisher.next[0]! - audio.highest).toBeLessThan(4);
  expect(publisher.next[1]! - video.highest).toBeLessThan(8);
  expect(video.missingFrom(video.highest - 300, video.highest)).toBe(0);
});

test("a link that carries nothing in one direction is replaced by another way", () => {
  for (const way of ["in", "out"] as const) {
    const world = cluster({ nodes: 3, path: FAR });
    live(world, 0);
    const [watcher] = watched(world, 1, 2);
    const cut = way === "in" ? world.network.path(0, 1) : world.network.path(1, 0);
    cut.cut = true;
    expect(gapIn(world, watcher!, 10 * SECOND)).toBeLessThan(500_000);
    expect(have(watcher!)[0].missing(40)).toBe(0);
  }
});

test("a parent that pauses for 150 ms at 5 % loss is not dead", () => {
  const world = cluster({ nodes: 3, path: { ...FAR, loss: 0.05 } });
  live(world, 0);
  watched(world, 1, 2);
  const before = world.nodes.map((node) => JSON.stringify(node.parents("a")));
  for (let i = 0; i < 20; i += 1) {
    world.node(0).pausedUntil = world.now + 150_000;
    world.run(0.5 * SECOND);
    expect(world.nodes.map((node) => JSON.stringify(node.parents("a")))).toEqual(before);
  }
});

test("a child that pauses itself declares nobody dead", () => {
  const world = cluster({ nodes: 5, childrenMax: 2, path: FAR });
  live(world, 0);
  watched(world, 1, 2, 3, 4);
  // Nobody has it from this one, and takes the place of its standby meanwhile.
  const child = world.nodes.find(({ number, relay }) => {
    const { children } = relay.node.serving;
    return number !== 0 && children.every(({ mode }) => mode === "warm");
  })!;
  expect(
    child
      .parents("a")
      .map(({ mode }) => mode)
      .toSorted(),
  ).toEqual(["live", "warm"]);
  const before = JSON.stringify(child.parents("a"));
  for (let i = 0; i < 5; i += 1) {
    child.pausedUntil = world.now + 300_000 + i * 200_000;
    while (world.now < child.pausedUntil + SECOND) {
      world.run(5_000);
      expect(JSON.stringify(child.parents("a"))).toBe(before);
    }
  }
});

test("who drains is replaced before it leaves", () => {
  const world = cluster({ nodes: 4, childrenMax: 2, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3);
  const child = [1, 2, 3].find((node) => parentOf(world, node).number !== 0)!;
  const leaving = parentOf(world, child);
  leaving.drain();
  const gap = gapIn(world, watchers[child - 1]!, SECOND);
  expect(parentOf(world, child)).not.toBe(leaving);
  leaving.leave();
  expect(Math.max(gap, gapIn(world, watchers[child - 1]!, SECOND))).toBeLessThan(60_000);
  expect(have(watchers[child - 1]!)[0].missing()).toBe(0);
});

test("an owner that drains gives what it publishes to all until it leaves", () => {
  const world = cluster({ nodes: 4, path: FAR });
  live(world, 0);
  const watchers = watched(world, 1, 2);
  world.node(0).drain();
  world.run(0.5 * SECOND);
  const [late] = watched(world, 3);
  for (const watcher of [...watchers, late!]) {
    expect(gapIn(world, watcher, 0.5 * SECOND)).toBeLessThan(60_000);
    expect(have(watcher)[0].missing(10)).toBe(0);
  }
});

test("a link that loses one of five is joined by another within 1.5 s, until it is well", () => {
  const world = cluster({ nodes: 4, path: FAR });
  live(world, 0);
  const [watcher] = watched(world, 1, 2);
  const liveParents = () => {
    const parents = world.node(1).parents("a");
    return parents.filter(({ mode, state }) => mode === "live" && state === "accepted").length;
  };
  const { gray } = world.node(1).relay.node.links.to(world.node(0).id)!;
  expect(liveParents()).toBe(1);
  world.network.path(0, 1).loss = 0.2;
  world.run(1.5 * SECOND);
  expect(gray.words).toMatch(/^loses \d+ % of what is sent$/);
  expect(liveParents()).toBe(2);
  // Only who is next to it acts.
  expect(world.node(2).relay.node.links.to(world.node(0).id)!.gray.begun).toBe(0);
  world.run(2 * SECOND);
  const [audio] = have(watcher!);
  expect(audio.missingFrom(audio.highest - 50, audio.highest - 5)).toBe(0);
  world.network.path(0, 1).loss = 0;
  world.run(6 * SECOND);
  expect([gray.words, gray.begun, liveParents()]).toEqual([null, 1, 1]);
});
