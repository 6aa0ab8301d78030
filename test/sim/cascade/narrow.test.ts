/** Links that do not carry what is pulled by them: which layers come, and what is lost of those. */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { SimNode } from "./node.ts";
import { cluster, have, live, SECOND } from "./scenes.ts";
import type { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

setDefaultTimeout(120_000);

const PATH = { delayUs: 10_000, jitterUs: 1_000 };
/** What a full link loses hangs on chance: once is no proof. */
const SEEDS = [7, 8, 9];

/** A viewer that is shown the highest layer that there is, as egress does it. */
class Adapting {
  readonly watcher: Watcher;
  readonly #node: SimNode;

  constructor(node: SimNode, layer: number) {
    this.#node = node;
    this.watcher = node.watch("a", [layer]);
  }

  get layer(): number {
    return this.watcher.layers[0]!;
  }

  look(): void {
    const table = this.watcher.following?.table;
    if (table === undefined) return;
    table.update(this.#node.now);
    const active = table.layers.filter(({ active }) => active).map(({ id }) => Math.floor(id / 32));
    const best = Math.max(...active);
    if (active.length > 0 && best !== this.layer) this.#node.choose(this.watcher, [best]);
  }
}

function run(world: World, viewers: readonly Adapting[], us: number): void {
  for (const end = world.now + us; world.now < end; ) {
    world.run(0.1 * SECOND);
    for (const viewer of viewers) viewer.look();
  }
}

/** Three layers of 450, 1,150 and 2,600 kb/s or so at node 0. */
function published(world: World): void {
  const publisher = live(world, 0, 3);
  publisher.layerPackets = [2, 5, 11];
}

/** Packets of the layer that is shown that have not come, of the last so many. */
function missing(viewer: Adapting, of: number): number {
  const [, video] = have(viewer.watcher);
  return video.missingFrom(video.highest - of, video.highest - 20);
}

test("cascade-layers: where a link carries no more, the highest layer goes and the rest is whole", () => {
  for (const seed of SEEDS) {
    const world = cluster({ nodes: 2, path: PATH, seed });
    published(world);
    const viewer = new Adapting(world.node(1), 2);
    run(world, [viewer], 3 * SECOND);
    expect(viewer.layer).toBe(2);
    world.network.path(0, 1).rate = 1_800_000;
    run(world, [viewer], 4 * SECOND);
    expect(viewer.layer).toBe(1);
    const { wanted } = world.node(1).relay.node.pulls.get("a")!.asked;
    expect(wanted & 0b1000).toBe(0);
    // It is tried now and then, which nobody sees.
    run(world, [viewer], 30 * SECOND);
    expect(viewer.layer).toBe(1);
    expect(missing(viewer, 600)).toBe(0);
  }
});

test("cascade-layers: it comes back when there is room", () => {
  const world = cluster({ nodes: 2, path: PATH });
  published(world);
  const viewer = new Adapting(world.node(1), 2);
  run(world, [viewer], 2 * SECOND);
  world.network.path(0, 1).rate = 700_000;
  run(world, [viewer], 8 * SECOND);
  expect(viewer.layer).toBe(0);
  world.network.path(0, 1).rate = Number.POSITIVE_INFINITY;
  run(world, [viewer], 60 * SECOND);
  expect(viewer.layer).toBe(2);
  expect(missing(viewer, 400)).toBe(0);
});

test("what the link does not carry beside a lower one comes back in place of that", () => {
  for (const [rate, best] of [
    [1_800_000, 1],
    [3_200_000, 2],
  ] as const) {
    for (const seed of SEEDS) {
      const world = cluster({ nodes: 3, childrenMax: 1, path: PATH, seed });
      world.network.between(0, 2, { delayUs: 70_000 });
      published(world);
      const viewers = [1, 2].map((node) => new Adapting(world.node(node), 2));
      const layers = (): number[] => viewers.map(({ layer }) => layer);
      run(world, viewers, 2 * SECOND);
      world.network.path(0, 1).rate = 700_000;
      run(world, viewers, 8 * SECOND);
      expect(layers()).toEqual([0, 0]);
      world.network.path(0, 1).rate = rate;
      run(world, viewers, 40 * SECOND);
      expect(layers()).toEqual([best, best]);
    }
  }
});

test("a link with a long queue gives up a layer when media has become late, and is in time again", () => {
  const world = cluster({ nodes: 2, path: PATH });
  published(world);
  const viewer = new Adapting(world.node(1), 2);
  run(world, [viewer], 2 * SECOND);
  Object.assign(world.network.path(0, 1), { rate: 2_400_000, queueUs: 1_500_000 });
  run(world, [viewer], 8 * SECOND);
  expect(viewer.layer).toBe(1);
  expect(have(viewer.watcher)[1].ageUs).toBeLessThan(60_000);
  expect(missing(viewer, 100)).toBe(0);
});

test("a link that loses by chance gives up nothing, nor does one that has a second to help", () => {
  for (const nodes of [2, 3]) {
    const world = cluster({ nodes, path: PATH });
    published(world);
    const viewer = new Adapting(world.node(1), 2);
    run(world, [viewer], 2 * SECOND);
    if (nodes === 2) world.network.path(0, 1).loss = 0.12;
    else world.network.path(0, 1).rate = 1_800_000;
    run(world, [viewer], 20 * SECOND);
    expect(viewer.layer).toBe(2);
    expect(missing(viewer, 400)).toBe(0);
  }
});

test("where all links are one line the second parent goes first, and then a layer if need be", () => {
  for (const seed of SEEDS) {
    const world = cluster({ nodes: 4, path: PATH, seed });
    published(world);
    world.node(1).crowd = 10;
    const viewer = new Adapting(world.node(1), 2);
    run(world, [viewer], 3 * SECOND);
    const { asked } = world.node(1).relay.node.pulls.get("a")!;
    expect(asked.givers).toHaveLength(2);
    world.network.limit(1, 4_000_000);
    // Between two times that it is tried again.
    run(world, [viewer], 16 * SECOND);
    expect([viewer.layer, asked.givers.length]).toEqual([2, 1]);
    expect(missing(viewer, 400)).toBe(0);
    world.network.limit(1, 1_800_000);
    run(world, [viewer], 30 * SECOND);
    expect(viewer.layer).toBe(1);
    expect(missing(viewer, 400)).toBe(0);
  }
});

test("those below do without it as well, or have it from another", () => {
  for (const seed of SEEDS) for (const childrenMax of [1, 4]) below(seed, childrenMax);
});

function below(seed: number, childrenMax: number): void {
  const world = cluster({ nodes: 3, childrenMax, path: PATH, seed });
  // So much longer than it was that it is joined by another.
  world.network.between(0, 2, { delayUs: 70_000 });
  published(world);
  const middle = new Adapting(world.node(1), 2);
  run(world, [middle], SECOND);
  const viewer = new Adapting(world.node(2), 2);
  run(world, [middle, viewer], 2 * SECOND);
  expect(world.node(2).path("a")).toEqual([0, 1]);
  world.network.path(0, 1).rate = 1_800_000;
  run(world, [middle, viewer], 15 * SECOND);
  expect(middle.layer).toBe(1);
  // The publisher's node has a place for it, or none.
  expect(viewer.layer).toBe(childrenMax === 1 ? 1 : 2);
  expect(missing(viewer, 300)).toBe(0);
}
