/**
 * A member that has the secret and means harm, by numbers: of names, subscriptions, wishes, addresses.
 * Whatever it says, the others' streams go on, what it takes has an end, and nothing is left of it.
 */

import { heapStats } from "bun:jsc";
import { expect } from "bun:test";
import type { Link } from "../../../src/cascade/link.ts";
import { nodeBytes } from "../../../src/cascade/node-id.ts";
import { STREAM_NAME_LENGTH_MAX } from "../../../src/limits.ts";
import { Frame, Message } from "../../../src/wire/cascade/kinds.ts";
import { Codec } from "../../../src/wire/codecs.ts";
import type { SimNode } from "./node.ts";
import { FAR, longestGap, report } from "./reports.ts";
import { cluster, have, live, SECOND, watched } from "./scenes.ts";
import type { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

const SEEDS = [1];
const NAMES_OF_A_LINK_MAX = 4096;
const TRACK = [0, null, Codec.opus, "", 2];

/** "a" at node 0 with a viewer at node 1; node 2 lies. */
class Scene {
  readonly world: World;
  readonly publisher;
  readonly watcher: Watcher;
  readonly victim: SimNode;
  readonly liar: SimNode;
  /** The liar's end of its link with the victim. */
  readonly link: Link;

  constructor(seed: number, childrenMax = 4) {
    this.world = cluster({ seed, nodes: 4, path: FAR, childrenMax });
    const [victim, , liar] = this.world.nodes as [SimNode, SimNode, SimNode, SimNode];
    this.victim = victim;
    this.liar = liar;
    this.publisher = live(this.world, 0, 2);
    this.watcher = watched(this.world, 1)[0]!;
    this.link = liar.relay.node.links.to(victim.id)!;
  }

  /** For so long, with whatever the liar says in each 10 ms. */
  lie(us: number, say: (link: Link, step: number) => void): void {
    const { world, link } = this;
    let longest = 0;
    for (let step = 0, end = world.now + us; world.now < end; step += 1) {
      say(link, step);
      longest = Math.max(longest, longestGap(world, [this.watcher], 10_000));
    }
    expect(longest).toBeLessThan(100_000);
  }

  /** All is as if it had never been there, and another can have the stream. */
  check(): void {
    const { world, watcher } = this;
    this.liar.crash();
    const late = world.node(3).watch("a");
    world.run(8 * SECOND);
    expect(watcher.wrong).toEqual([]);
    for (const each of [watcher, late]) {
      expect(world.now - each.heardAt).toBeLessThan(50_000);
      for (const received of have(each)) expect(received.missing(40)).toBe(0);
    }
    expect(have(late)[0].firstAt - late.since).toBeLessThan(SECOND);
    expect(this.victim.holdings.links).toBe(2);
    expect(this.victim.holdings.children).toBeLessThanOrEqual(4);
    expect([...this.victim.heard.keys()]).toEqual([]);
    for (const asked of this.publisher.asked) {
      for (const [i, at] of asked.entries()) {
        if (i > 0) expect(at - asked[i - 1]!).toBeGreaterThanOrEqual(500_000);
      }
    }
  }

  /** Of the victim's end. */
  get session(): number {
    return this.victim.relay.node.links.to(this.liar.id)!.session;
  }

  get owner(): Uint8Array {
    return nodeBytes(this.victim.id);
  }

  get self(): Uint8Array {
    return nodeBytes(this.liar.id);
  }
}

report(
  "a member tells ten thousand names: so many are kept of it, and they go with it",
  (seed) => {
    const scene = new Scene(seed);
    const { victim, self, session } = scene;
    scene.lie(5 * SECOND, (link, step) => {
      for (let i = 0; i < 20; i += 1) {
        const name = `${step} ${i}`.padEnd(i === 0 ? STREAM_NAME_LENGTH_MAX : 8, "x");
        link.send([Message.name, name, 1 + step, self, false, [TRACK]]);
      }
    });
    const { names } = victim.relay.node;
    expect([...names.toldBy(session)].length).toBe(NAMES_OF_A_LINK_MAX);
    scene.check();
    expect([...names.toldBy(session)]).toEqual([]);
  },
  SEEDS,
);

report(
  "a member subscribes to one stream by every number: it has one place of it, and others have theirs",
  (seed) => {
    const scene = new Scene(seed);
    const { victim, owner, publisher, world } = scene;
    const { epoch } = victim.relay.node.names.own("a")!;
    scene.lie(4 * SECOND, (link, step) => {
      for (let i = 0; i < 20; i += 1) {
        const alias = 20 * step + i;
        const mode = i % 3 === 0 ? 1 : 0;
        link.send([Message.subscribe, alias, "a", epoch, owner, 7, mode, [null, 5, -1], []]);
        // Neither is here, nor will be.
        link.send([Message.subscribe, alias + 30_000, `b${alias}`, 1, owner, 7, 0, [], []]);
      }
    });
    expect(victim.relay.node.serving.children.length).toBeLessThanOrEqual(2);
    const late = world.node(3).watch("a");
    world.run(SECOND);
    expect(have(late)[0].firstAt - late.since).toBeLessThan(0.5 * SECOND);
    world.node(3).unwatch(late);
    expect(publisher.writers.length).toBe(3);
    scene.check();
  },
  SEEDS,
);

report(
  "a member asks for streams that it has itself: nobody pulls them to give them back",
  (seed) => {
    const scene = new Scene(seed);
    const { victim, self } = scene;
    scene.lie(2 * SECOND, (link, step) => {
      for (let i = 0; i < 5; i += 1) {
        const name = `own ${step} ${i}`;
        link.send([Message.name, name, 1, self, false, [TRACK]]);
        link.send([Message.subscribe, 5 * step + i, name, 1, self, 1, 0, [], []]);
      }
    });
    expect(victim.holdings).toMatchObject({ pulls: 0, children: 1 });
    scene.check();
  },
  SEEDS,
);

report(
  "a member asks for packets again without end, for keyframes, and whether others are there",
  (seed) => {
    const scene = new Scene(seed);
    const { victim, liar, owner, world, publisher } = scene;
    const { epoch } = victim.relay.node.names.own("a")!;
    scene.link.send([Message.subscribe, 9, "a", epoch, owner, 7, 0, [], []]);
    world.run(0.2 * SECOND);
    const total = (): number => publisher.bytes.reduce((sum, bytes) => sum + bytes, 0);
    const before = total();
    let sent = 0;
    world.network.passes = (from, to, { length }) => {
      if (from === victim.number && to === liar.number) sent += length;
      return true;
    };
    scene.lie(4 * SECOND, (link, step) => {
      for (let ring = 0; ring < 3; ring += 1) {
        const from = (publisher.next[ring]! - 400) | 0;
        const stretches = Array.from({ length: 32 }, (_, i) => [from + 10 * i, 8192]).flat();
        link.sendLoose([Frame.fill, 9, ring, stretches]);
        link.sendLoose([Frame.keyframe, 9, ring, step % 2]);
        link.send([Message.ownQuestion, step, "a"]);
      }
    });
    expect(sent).toBeLessThan(1.5 * (total() - before) + 3 * 160_000);
    scene.check();
  },
  SEEDS,
);

report(
  "a member names a hundred thousand addresses of cores: true ones are called all the same",
  (seed) => {
    const scene = new Scene(seed);
    const { world, victim } = scene;
    let calls = 0;
    const dial = world.dial.bind(world);
    world.dial = (from, address) => {
      if (from === victim) calls += 1;
      dial(from, address);
    };
    scene.lie(3 * SECOND, (link, step) => {
      const cores = Array.from({ length: 16 }, (_, i) => {
        const node = new Uint8Array(16).fill(i + 1);
        new DataView(node.buffer).setUint32(0, 16 * step + i);
        return [node, [0, 1].map((each) => `10.7.${step % 250}.${2 * i + each}:${1 + step}`)];
      });
      link.send([Message.cores, cores]);
    });
    // A call each 10 s at most to each of those that are kept.
    expect(calls).toBeLessThan(3_000);
    world.network.between(0, 1, { cut: true });
    scene.liar.crash();
    world.run(6 * SECOND);
    world.network.between(0, 1, { cut: false });
    world.run(13 * SECOND);
    expect(victim.relay.node.links.to(world.node(1).id)?.open).toBeTrue();
  },
  SEEDS,
);

report(
  "a member comes, lies and leaves, again and again: nothing is left of it",
  (seed) => {
    const scene = new Scene(seed);
    const { world, victim, liar, self, owner } = scene;
    const { epoch } = victim.relay.node.names.own("a")!;
    const objects: number[] = [];
    for (let round = 0; round <= 6; round += 1) {
      const link = liar.relay.node.links.to(victim.id)!;
      for (let i = 0; i < 300; i += 1) {
        // Always the same: of so many names it is remembered that they were there.
        const name = `name ${i}`;
        link.send([Message.name, name, 1, self, false, [TRACK]]);
        link.send([Message.subscribe, i, "a", epoch, owner, 7, i % 2, [], []]);
        link.sendLoose([Frame.half, i, false, new Uint8Array(700)]);
        link.sendLoose([Frame.heads, i, [5, 5], 0, 0]);
        if (i % 20 === 0) world.run(10_000);
      }
      // Whose silence alone tells that it is gone is there for 5 s more; others say that they go.
      const isKilled = round % 4 === 2;
      if (isKilled) liar.crash();
      else liar.leave();
      world.run(isKilled ? 6 * SECOND : 0.5 * SECOND);
      world.restart(liar);
      world.run(SECOND);
      Bun.gc(true);
      objects.push(heapStats().objectCount);
    }
    const { node } = victim.relay;
    expect([...node.links.all()].length).toBe(3);
    expect([...node.names.owned()].length).toBe(1);
    expect([...victim.heard.keys()]).toEqual([]);
    // Of two ends alike: each round would leave 300 of what is left behind.
    expect(objects[6]! - objects[2]!).toBeLessThan(600);
    scene.check();
  },
  SEEDS,
);
