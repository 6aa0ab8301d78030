/** That what nobody wants is noticed on links, and what was on its way when it was wanted no more is not. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Checks } from "./checks.ts";
import { Costs } from "./costs.ts";
import { cluster, live, SECOND, watched } from "./scenes.ts";
import type { World } from "./world.ts";

setDefaultTimeout(120_000);

const LOOK_US = 20_000;
const UNREAD_US = 2_000_000;

function look(world: World, costs: Costs, us: number): void {
  for (const end = world.now + us; world.now < end; ) {
    world.run(LOOK_US);
    costs.look();
  }
}

/** What is found wrong in a second that begins so long after a far node's last viewer left, us. */
function problems(after: number, told: boolean): readonly string[] {
  const world = cluster({ nodes: 2, path: { delayUs: 48_000, jitterUs: 5_000 } });
  live(world, 0, 3);
  const [watcher] = watched(world, 1);
  const [root, node] = [world.node(0), world.node(1)];
  node.unwatch(watcher!);
  if (!told) node.relay.node.links.to(root.id)!.send = () => {};
  const checks = new Checks({ world, roundTripUs: 106_000, lossy: false });
  const costs = new Costs(world);
  look(world, costs, after);
  costs.begin();
  look(world, costs, SECOND);
  costs.check(checks);
  return checks.problems;
}

test("cascade-costs: what is on its way when nobody wants it any more is no waste, whenever it is measured", () => {
  for (let ms = -100; ms <= 100; ms += 20) {
    expect([ms, problems(UNREAD_US + ms * 1_000, true)]).toEqual([ms, []]);
  }
});

test("cascade-costs: nor is what a node began with a moment before", () => {
  for (let ms = 0; ms <= 2_000; ms += 100) {
    const world = cluster({ nodes: 2 });
    live(world, 0, 1).layerPackets = [5];
    // It begins with a group of 1.8 s.
    world.run(1.3 * SECOND);
    const checks = new Checks({ world, roundTripUs: 10_000, lossy: false });
    const costs = new Costs(world);
    world.node(1).watch("a");
    look(world, costs, ms * 1_000);
    costs.begin();
    look(world, costs, SECOND);
    costs.check(checks);
    expect([ms, checks.problems]).toEqual([ms, []]);
  }
});

test("cascade-costs: a parent that goes on to give what nobody wants is noticed", () => {
  expect(problems(UNREAD_US, false)).toEqual([expect.stringContaining("I6")]);
});
