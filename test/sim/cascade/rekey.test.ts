/** What viewers see when the associations below links are replaced: nothing. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { FRAME_US } from "./publisher.ts";
import { cluster, gapIn, have, live, SECOND, watched } from "./scenes.ts";

setDefaultTimeout(120_000);

const WEAR = { packets: 300, ageUs: Number.POSITIVE_INFINITY, forged: 64 };

test("cascade-rekey: an association after 300 datagrams, and nothing is lost or late", () => {
  const world = cluster({ nodes: 3, path: { delayUs: 20_000, jitterUs: 2_000 }, wearLimits: WEAR });
  live(world, 0, 3);
  const watchers = watched(world, 1, 2);
  const links = world.nodes.map(({ relay }) => [...relay.node.links.open()]);
  const parents = [1, 2].map((node) => JSON.stringify(world.node(node).parents("a")));
  const before = world.sessions;
  const closings = () => world.nodes.flatMap((node) => node.closings);
  const closed = closings();
  for (const watcher of watchers) {
    expect(gapIn(world, watcher, 10 * SECOND)).toBeLessThan(2 * FRAME_US);
  }
  expect(world.sessions - before).toBeGreaterThanOrEqual(12);
  for (const watcher of watchers) {
    for (const received of have(watcher)) expect(received.missing(5)).toBe(0);
    expect(watcher.wrong).toEqual([]);
  }
  // The links are the same, and who gives what to whom.
  expect(world.nodes.map(({ relay }) => [...relay.node.links.open()])).toEqual(links);
  expect([1, 2].map((node) => JSON.stringify(world.node(node).parents("a")))).toEqual(parents);
  expect(closings()).toEqual(closed);
});
