/** Clusters for tests that say what happens in them. */
import type { SimNode } from "./node.ts";
import { type Publisher, tracksOf } from "./publisher.ts";
import type { Received, Watcher } from "./watcher.ts";
import { World, type WorldOptions } from "./world.ts";

export const SECOND = 1_000_000;

/** Nodes that have found each other. */
export function cluster(options: Partial<WorldOptions> & { nodes: number }): World {
  const world = new World({ seed: 7, ...options });
  world.seedAll();
  world.run(1.5 * SECOND);
  return world;
}

/** Stream "a" at a node, for a while. */
export function live(world: World, node: number, layers = 1, start = 1000): Publisher {
  const publisher = world.node(node).publish("a", tracksOf(layers), start);
  world.run(0.5 * SECOND);
  return publisher;
}

/** A viewer of "a" at each of these nodes, for a while. */
export function watched(world: World, ...nodes: number[]): Watcher[] {
  const watchers = nodes.map((node) => world.node(node).watch("a"));
  world.run(SECOND);
  return watchers;
}

/** The node that this one has the stream from. */
export function parentOf(world: World, node: number): SimNode {
  return world.node(world.node(node).path("a")!.at(-1)!);
}

/** What a viewer has of the audio and of the video of its present source. */
export function have(watcher: Watcher): [Received, Received] {
  const layer = 1 + (watcher.layers[0] ?? 0);
  const received = [watcher.of(0), watcher.of(layer)];
  if (received.includes(undefined)) throw new Error(`nothing of ring 0 or ${layer}`);
  return received as [Received, Received];
}

/** The longest time without media in what follows, us. */
export function gapIn(world: World, watcher: Watcher, us: number): number {
  let longest = 0;
  for (const end = world.now + us; world.now < end; ) {
    world.run(5_000);
    longest = Math.max(longest, world.now - watcher.heardAt);
  }
  return longest;
}
