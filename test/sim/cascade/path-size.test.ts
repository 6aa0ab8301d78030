/** What viewers see of paths between nodes that take less than others: nothing. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cluster, gapIn, have, live, SECOND, watched } from "./scenes.ts";

setDefaultTimeout(120_000);

/** Bytes of frames where packets of 1,280 pass, by IPv6. */
const NARROW = 1_204;
/** Longer than that with what DATA adds. */
const VIDEO_BYTES = 1_180;

test("cascade-mtu: a path of 1,280 bytes from the start: all of it comes", () => {
  const world = cluster({ nodes: 2, path: { longest: NARROW } });
  live(world, 0).videoBytes = VIDEO_BYTES;
  const [watcher] = watched(world, 1);
  world.run(5 * SECOND);
  for (const received of have(watcher!)) {
    expect(received.missing(3)).toBe(0);
    expect(received.gapUs).toBeLessThan(100_000);
  }
  expect(watcher!.wrong).toEqual([]);
});

test("cascade-mtu: a path that takes less from now on: what is missed comes all the same", () => {
  const world = cluster({ nodes: 2 });
  live(world, 0).videoBytes = VIDEO_BYTES;
  const [watcher] = watched(world, 1);
  const size = () => world.node(0).relay.node.links.to(world.idOf(1))!.size.found;
  expect(size()).toBe(1_444);
  world.network.between(0, 1, { longest: NARROW });
  expect(gapIn(world, watcher!, 3 * SECOND)).toBeLessThan(200_000);
  expect(size()).toBe(1_200);
  world.run(5 * SECOND);
  for (const received of have(watcher!)) expect(received.missing(3)).toBe(0);
});
