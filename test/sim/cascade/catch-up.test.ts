/** What is cached and leaves by and by is not asked for meanwhile. */
import { expect, test } from "bun:test";
import { decodeMulti } from "@msgpack/msgpack";
import { Frame } from "../../../src/wire/cascade/kinds.ts";
import { cluster, have, live, SECOND, watched } from "./scenes.ts";
import type { World } from "./world.ts";

const FAR = { delayUs: 30_000, jitterUs: 1_000 };

/** Counts the packets of media that reach a node from now on, and those of them that came before. */
function counted(world: World, node: number): { come: number; again: number } {
  const seen = new Set<string>();
  const count = { come: 0, again: 0 };
  world.network.passes = (_from, to, datagram) => {
    if (to !== node) return true;
    for (const frame of decodeMulti(datagram) as Iterable<unknown[]>) {
      if (frame[0] !== Frame.data) continue;
      const key = `${Number(frame[2]) >> 4} ${frame[3]}`;
      count.come += 1;
      if (seen.has(key)) count.again += 1;
      seen.add(key);
    }
    return true;
  };
  return count;
}

test("cascade-cursor: the group that a late joiner begins with comes once", () => {
  for (const nodes of [2, 4]) {
    const world = cluster({ nodes, path: FAR });
    live(world, 0);
    watched(world, ...Array.from({ length: nodes - 2 }, (_, i) => 2 + i));
    world.run(0.4 * SECOND);
    const count = counted(world, 1);
    const [watcher] = watched(world, 1);
    const [, video] = have(watcher!);
    expect([video.began, video.missing()]).toEqual([true, 0]);
    expect(count.come).toBeGreaterThan(150);
    expect(count.again).toBe(0);
  }
}, 60_000);

test("cascade-cursor: a layer that is wanted from now on comes once, whoever else has it", () => {
  const world = cluster({ nodes: 4, path: FAR });
  live(world, 0, 2);
  const [watcher] = watched(world, 1, 2, 3);
  for (const part of [0.1, 0.4, 0.7]) {
    world.run(part * SECOND);
    for (const layer of [1, 0]) {
      const count = counted(world, 1);
      world.node(1).choose(watcher!, [layer]);
      world.run(SECOND);
      expect(count.come).toBeGreaterThan(150);
      // What is here of the time before it was wanted no more is refused, and asked for once at most.
      expect(count.again).toBeLessThanOrEqual(20);
      world.run(2.5 * SECOND);
    }
  }
}, 60_000);
