/** That a change of who gives a stream is noticed where nothing has happened, and only there. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Checks } from "./checks.ts";
import type { SimNode } from "./node.ts";
import { cluster, live, parentOf, SECOND, watched } from "./scenes.ts";
import { Switches } from "./switches.ts";
import type { World } from "./world.ts";

setDefaultTimeout(60_000);

const LOOK_US = 20_000;

/** What is found in 3 s in which the last of four nodes is given "a" and `deed` is done. */
function problems(calm: boolean, deed: (node: SimNode, world: World) => void): readonly string[] {
  const world = cluster({ nodes: 4 });
  live(world, 0);
  watched(world, 1, 3);
  world.run(2 * SECOND);
  const checks = new Checks({ world, roundTripUs: 10_000, lossy: false });
  const switches = new Switches(world, checks);
  const look = (us: number): void => {
    for (const end = world.now + us; world.now < end; ) {
      world.run(LOOK_US);
      switches.look(calm);
    }
  };
  look(SECOND);
  deed(world.node(3), world);
  look(2 * SECOND);
  return checks.problems;
}

function pullOf(node: SimNode) {
  return node.relay.node.pulls.get("a")!;
}

/** Another gives it from now on. */
function move(node: SimNode, world: World): void {
  pullOf(node).avoid(node.relay.node.links.to(parentOf(world, 3).id)!, node.now);
}

test("who stays is no switch", () => {
  expect(problems(true, () => {})).toEqual([]);
});

test("another parent without a reason is one", () => {
  expect(problems(true, move)).toContainEqual(
    expect.stringMatching(/^I5 .*: 3 has a from .*, before from .*: first 2, before 0$/),
  );
});

test("where something has just happened it is none", () => {
  expect(problems(false, move)).toEqual([]);
});

test("a second parent is one where few watch, and none where many do", () => {
  const ask = (node: SimNode) => pullOf(node).setViewers(10, node.now);
  expect(problems(true, ask)).toEqual([
    expect.stringMatching(/^I5 .*: 3 has a from \[0,2\], before from \[0\]$/),
    expect.stringMatching(/^I5 .*: a 3 has \[0,2\], where 1 would do$/),
  ]);
  const crowd = (node: SimNode) => {
    for (let i = 0; i < 9; i += 1) node.watch("a");
  };
  expect(problems(true, crowd)).toEqual([]);
});

test("a live link that is taken for dead is told of", () => {
  const found = problems(true, (node, world) => {
    const { liveness } = node.relay.node.links.to(world.node(2).id)!;
    Object.defineProperty(liveness, "silent", { value: true });
  });
  expect(found).toContainEqual(expect.stringContaining("3 takes 2 for dead"));
});
