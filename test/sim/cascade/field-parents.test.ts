/** Reports of streams that were had from the wrong node, or by too much. */
import { expect } from "bun:test";
import { Message } from "../../../src/wire/cascade/kinds.ts";
import { tracksOf } from "./publisher.ts";
import { FAR, longestGap, overhear, report } from "./reports.ts";
import { cluster, gapIn, have, live, parentOf, SECOND, watched } from "./scenes.ts";
import { World } from "./world.ts";

/** Four cores, the last of which publishes, and an edge that has links with the other three only. */
function edgeWorld(seed: number): World {
  const role = (node: number) => (node < 4 ? "core" : "edge");
  const world = new World({ seed, nodes: 5, path: FAR, role });
  for (let core = 0; core < 3; core += 1) {
    world.network.between(4, core, { delayUs: 5_000 * (core + 1) });
  }
  world.seedAll(0, 1, 2);
  world.run(1.5 * SECOND);
  live(world, 3);
  return world;
}

function liveParents(world: World, node: number): number[] {
  const parents = world.node(node).parents("a");
  return parents.filter(({ mode }) => mode === "live").map((parent) => parent.node);
}

report("SRS 1520: the first that says no ends no search", (seed) => {
  for (const deaf of [false, true]) {
    const world = edgeWorld(seed);
    // The nearer ones say no, or nothing at all.
    for (const core of [0, 1]) {
      if (deaf) world.network.path(core, 4).cut = true;
      else world.node(core).drain();
    }
    const subscriptions = overhear(world, [Message.subscribe]);
    const watcher = world.node(4).watch("a");
    world.run(1.5 * SECOND);
    expect(subscriptions[0]!.to).toBe(0);
    expect(parentOf(world, 4).number).toBe(2);
    expect(have(watcher)[0].firstAt - watcher.since).toBeLessThan(deaf ? 800_000 : 300_000);
  }
});

report("SRS 3401, 4511: a parent dies, and the next, and each time another is found", (seed) => {
  const world = edgeWorld(seed);
  const [watcher] = watched(world, 4);
  const dead: number[] = [];
  for (let i = 0; i < 2; i += 1) {
    const parent = parentOf(world, 4);
    parent.crash();
    dead.push(parent.number);
    expect(gapIn(world, watcher!, 1.5 * SECOND)).toBeLessThan(500_000);
    expect(dead).not.toContain(parentOf(world, 4).number);
  }
  for (const received of have(watcher!)) expect(received.missing(40)).toBe(0);
});

report(
  "moq 2461: a standby is told beforehand, and has it when the one that gives it dies",
  (seed) => {
    const world = edgeWorld(seed);
    const [watcher] = watched(world, 4);
    world.run(0.5 * SECOND);
    const modes = () =>
      world
        .node(4)
        .parents("a")
        .map(({ mode, state }) => `${mode} ${state}`);
    for (let i = 0; i < 2; i += 1) {
      expect(modes().sort()).toEqual(["live accepted", "warm accepted"]);
      const heard = overhear(world, [Message.subscribe, Message.update]);
      const standby = world
        .node(4)
        .parents("a")
        .find(({ mode }) => mode === "warm")!.node;
      parentOf(world, 4).crash();
      expect(gapIn(world, watcher!, SECOND)).toBeLessThan(350_000);
      expect(parentOf(world, 4).number).toBe(standby);
      // It is only told to begin: nothing is asked for that could still be refused.
      const told = heard.filter(({ from, to }) => from === 4 && to === standby);
      expect(told[0]!.type).toBe(Message.update);
    }
  },
);

report("moq 2473: a parent counts from what it gives, not from its yes", (seed) => {
  const world = edgeWorld(seed);
  const [watcher] = watched(world, 4);
  const before = parentOf(world, 4);
  const standby = world
    .node(4)
    .parents("a")
    .find(({ mode }) => mode === "warm")!.node;
  // Its words pass, its media does not.
  world.network.passes = (from, to, bytes) => from !== standby || to !== 4 || bytes.length < 90;
  before.drain();
  expect(gapIn(world, watcher!, 3 * SECOND)).toBeLessThan(150_000);
  const parents = world
    .node(4)
    .parents("a")
    .filter(({ mode }) => mode === "live");
  expect(parents.map(({ node }) => node)).not.toContain(standby);
  before.leave();
  expect(gapIn(world, watcher!, SECOND)).toBeLessThan(150_000);
  expect(have(watcher!)[0].missing(40)).toBe(0);
});

report("moqx 695: nodes that ask each other for what none of them has wait in no ring", (seed) => {
  const world = cluster({ seed, nodes: 6, path: { delayUs: 1_000, loss: 0.02 }, childrenMax: 5 });
  for (let node = 1; node < 6; node += 1) world.network.between(0, node, { delayUs: 60_000 });
  // The one that has it then is the last that they ask.
  for (let node = 2; node < 6; node += 1) world.network.between(1, node, { delayUs: 12_000 });
  live(world, 0);
  const watchers = watched(world, 1, 2, 3, 4, 5);
  world.run(2 * SECOND);
  // At one time all but one lose the origin, and each asks the others.
  for (let node = 2; node < 6; node += 1) world.network.path(0, node).cut = true;
  expect(longestGap(world, watchers, 2 * SECOND)).toBeLessThan(0.5 * SECOND);
  for (const watcher of watchers) expect(world.now - watcher.heardAt).toBeLessThan(100_000);
  // Nobody has it any more: nobody waits for anybody then.
  world.node(0).crash();
  world.run(12 * SECOND);
  for (const node of world.nodes.slice(1)) {
    expect(node.holdings).toMatchObject({ children: 0, pulls: 0 });
  }
});

report(
  "Ant Media 4773: a node that joins, and one that comes and goes, disturb no viewer",
  (seed) => {
    const world = cluster({ seed, nodes: 6, path: { ...FAR, loss: 0.02 }, childrenMax: 2 });
    const newcomer = world.node(5);
    newcomer.crash();
    live(world, 0);
    const watchers = watched(world, 1, 2, 3, 4);
    world.run(6 * SECOND);
    const before = [1, 2, 3, 4].map((node) => liveParents(world, node));
    for (let i = 0; i < 3; i += 1) {
      world.restart(newcomer);
      world.run(0.5 * SECOND);
      // One watches, one has links only, one is killed before it has either.
      if (i === 0) newcomer.watch("a");
      world.run((2 - i) * SECOND);
      newcomer.crash();
      world.run(SECOND);
    }
    for (const [i, watcher] of watchers.entries()) {
      expect(liveParents(world, i + 1)).toEqual(before[i]!);
      expect(have(watcher)[0].gapUs).toBeLessThan(150_000);
      expect(have(watcher)[1].missing(40)).toBe(0);
    }
  },
);

report("OvenMediaEngine 2331: a hole is held open for as long as its repair takes", (seed) => {
  const world = cluster({
    seed,
    nodes: 2,
    path: { delayUs: 90_000, jitterUs: 10_000, loss: 0.02 },
  });
  live(world, 0);
  const [watcher] = watched(world, 1);
  world.run(20 * SECOND);
  const publisher = world.node(0).publishers.get("a")!;
  for (const received of have(watcher!)) {
    expect(received.sequences.size).toBeGreaterThan(600);
    // Three times there and back, at most.
    expect(received.missing(100)).toBe(0);
  }
  expect(publisher.asked[1]!.length).toBeLessThan(3);
});

report("SRT 52, 638: what is lost and asked for again and again makes no storm", (seed) => {
  const world = cluster({ seed, nodes: 2, path: { delayUs: 20_000, jitterUs: 1_000 } });
  const publisher = live(world, 0, 2);
  world.node(1).watch("a", [0, 1]);
  world.run(2 * SECOND);
  world.network.path(0, 1).loss = 0.5;
  world.network.path(1, 0).loss = 0.2;
  let sent = 0;
  world.network.passes = (from, _to, { length }) => {
    if (from === 0) sent += length;
    return true;
  };
  const total = () => publisher.bytes.reduce((sum, bytes) => sum + bytes, 0);
  const before = total();
  world.run(20 * SECOND);
  const published = total() - before;
  expect(sent).toBeGreaterThan(1.1 * published);
  // A quarter for what is sent again, its first burst, headers, and words of the link.
  expect(sent).toBeLessThan((1.25 + 0.1) * published + 3 * 160_000);
});

report(
  "LiveKit 3858: a crowd that comes all at once is let in one after the other, all of it",
  (seed) => {
    const names = Array.from({ length: 24 }, (_, i) => `s${i}`);
    const world = cluster({ seed, nodes: 13, path: FAR });
    for (const name of names) world.node(0).publish(name, tracksOf(0));
    world.run(0.5 * SECOND);
    const heard = overhear(world, [Message.subscribe, Message.accept]);
    const begin = world.now;
    const watchers = world.nodes.slice(1).flatMap((node) => names.map((name) => node.watch(name)));
    world.run(SECOND);
    const asks = heard.filter(({ type, to }) => type === Message.subscribe && to === 0);
    const accepts = heard.filter(({ type, from }) => type === Message.accept && from === 0);
    const early = accepts.filter(({ at }) => at < begin + 100_000);
    expect(early.length).toBeWithin(190, 225);
    for (const watcher of watchers) expect(watcher.of(0)).toBeDefined();
    expect(asks.length).toBeLessThan(3 * watchers.length);
  },
  [1],
);
