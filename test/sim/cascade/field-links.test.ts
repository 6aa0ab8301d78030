/** Reports of links that were not made again, made to the wrong ends, or that went on carrying media. */
import { expect } from "bun:test";
import { Message, PROTOCOL_MAX, PROTOCOL_MIN } from "../../../src/wire/cascade/kinds.ts";
import type { SimNode } from "./node.ts";
import { FAR, longestGap, overhear, report } from "./reports.ts";
import { cluster, have, live, parentOf, SECOND, watched } from "./scenes.ts";
import { World } from "./world.ts";

/** Whoever was away for long is called so seldom. */
const REDIALLED_US = 13 * SECOND;
/** From one end of a link without streams, a second. */
const WORDS_BYTES = 400;
const RELAY = 0;
/** Its number, its versions, and a text of eight characters. */
const HELLO_STARTS = Uint8Array.of(Message.hello, PROTOCOL_MIN, PROTOCOL_MAX, 0xa8);

function hears(node: SimNode, other: SimNode): boolean {
  const link = node.relay.node.links.to(other.id);
  return link?.open === true && !link.isQuiet(node.now);
}

function areLinked(a: SimNode, b: SimNode): boolean {
  return hears(a, b) && hears(b, a);
}

/** A node's HELLO says that it speaks these versions. */
function speaks(world: World, versions: ReadonlyMap<number, readonly [number, number]>): void {
  world.network.passes = (from, _to, bytes) => {
    const [least, most] = versions.get(from) ?? [PROTOCOL_MIN, PROTOCOL_MAX];
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(HELLO_STARTS);
    if (at >= 0) bytes.set([least, most], at + 1);
    return true;
  };
}

report(
  "JVB 1919, 2130: who speaks another version is told so, by both; a neighbour is welcome",
  (seed) => {
    const world = new World({ seed, nodes: 4, path: FAR });
    const [strange, newer] = [world.node(2), world.node(3)];
    speaks(
      world,
      new Map([
        [2, [PROTOCOL_MAX + 1, PROTOCOL_MAX + 1]],
        [3, [PROTOCOL_MIN, PROTOCOL_MAX + 1]],
      ]),
    );
    world.seedAll(0, 1);
    world.run(1.5 * SECOND);
    live(world, 0);
    const [watcher] = watched(world, 3);
    for (const other of [world.node(0), world.node(1)]) {
      expect(areLinked(other, newer)).toBeTrue();
      expect(areLinked(other, strange)).toBeFalse();
      expect(other.closings).toContain("incompatible version");
    }
    expect(strange.closings).toContain("incompatible version");
    expect(strange.heard.size).toBe(0);
    // It is tried again ever more seldom, and disturbs nobody.
    const before = strange.closings.length;
    expect(longestGap(world, [watcher!], 20 * SECOND)).toBeLessThan(60_000);
    expect(strange.closings.length - before).toBeLessThan(4 * 3 * 3);
    // And it is let in as soon as it speaks what the others do.
    world.network.passes = () => true;
    world.run(REDIALLED_US);
    for (const other of world.nodes)
      expect(other === strange || areLinked(other, strange)).toBeTrue();
  },
);

report(
  "nats 438: dead and wrong addresses keep nobody from a node, nor one that has moved",
  (seed) => {
    const world = new World({ seed, nodes: 5, path: FAR });
    const [first, second, moved, newcomer, late] = world.nodes as [
      SimNode,
      SimNode,
      SimNode,
      SimNode,
      SimNode,
    ];
    newcomer.crash();
    late.crash();
    // Seeds that nobody is at, for ever or so far, and one that is somebody else than was told.
    second.seed("10.9.9.9:8300", first.address, late.address);
    moved.seed(first.address);
    const addresses = ["10.9.9.8:8300", first.address];
    const wrong = { node: moved.id, addresses, region: "", roundTripUs: null };
    second.relay.node.members.hint(wrong, second.now);
    world.run(6 * SECOND);
    expect(areLinked(second, first) && areLinked(second, moved)).toBeTrue();
    // It comes back at another address, and its old one is somebody else's.
    const old = moved.address;
    moved.crash();
    (moved as { address: string }).address = "10.0.0.77:8300";
    (newcomer as { address: string }).address = old;
    newcomer.start();
    newcomer.seed(first.address);
    world.run(2 * SECOND);
    moved.start();
    moved.seed(first.address);
    // It comes when it was called in vain for long, and calls nobody itself.
    world.run(20 * SECOND);
    late.start();
    world.run(REDIALLED_US);
    for (const [i, node] of world.nodes.entries()) {
      for (const other of world.nodes.slice(i + 1)) expect(areLinked(node, other)).toBeTrue();
    }
  },
);

report(
  "nats 8454: a link that both called and one took is called again when it is lost",
  (seed) => {
    for (const ways of ["both", "in", "out"] as const) {
      const world = new World({ seed, nodes: 2, path: FAR });
      const [a, b] = world.nodes as [SimNode, SimNode];
      // At the same time, by the address that each has of the other.
      a.seed(b.address);
      b.seed(a.address);
      world.run(1.5 * SECOND);
      for (const away of [0, 1.5, 6, 20]) {
        world.isolate([0], true, ways);
        world.run(away * SECOND);
        world.isolate([0], false);
        world.run(REDIALLED_US);
        expect(areLinked(a, b)).toBeTrue();
        expect([a, b].map(({ holdings }) => holdings.links)).toEqual([1, 1]);
      }
    }
  },
);

report("jicofo 542, moqtail 332: behind the last viewer nothing flows, said or unsaid", (seed) => {
  const world = cluster({ seed, nodes: 3, path: FAR, childrenMax: 1 });
  const publisher = live(world, 0);
  const first = watched(world, 1)[0]!;
  const second = watched(world, 2)[0]!;
  expect(parentOf(world, 2).number).toBe(1);
  const sent = (us: number): number[] => {
    const bytes = [0, 0, 0];
    world.network.passes = (from, _to, { length }) => {
      bytes[from]! += length;
      return true;
    };
    world.run(us);
    return bytes;
  };
  // It is gone without a word: the link ends, and the feed with it.
  world.node(2).crash();
  world.run(5.5 * SECOND);
  expect(sent(SECOND)[1]!).toBeLessThan(3 * WORDS_BYTES);
  expect(world.now - first.heardAt).toBeLessThan(50_000);
  world.node(1).unwatch(first);
  world.run(2.5 * SECOND);
  expect(sent(SECOND)[0]!).toBeLessThan(2 * WORDS_BYTES);
  expect(publisher.writers.map((writer) => writer.wantedBy(RELAY))).toEqual([false, false]);
  for (const { holdings } of world.nodes.slice(0, 2)) {
    expect(holdings).toMatchObject({ children: 0, pulls: 0 });
  }
  // Whoever comes then has it anew.
  const subscriptions = overhear(world, [Message.subscribe]);
  const late = world.node(1).watch("a");
  world.run(0.4 * SECOND);
  expect(subscriptions.length).toBeGreaterThan(0);
  expect(have(late)[1]).toMatchObject({ began: true });
  expect(second.heardAt).toBeLessThan(world.now - 8 * SECOND);
});
