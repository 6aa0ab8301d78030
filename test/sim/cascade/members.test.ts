/** Who is a core, and whom edges have links with. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { cluster, SECOND } from "./scenes.ts";
import { World } from "./world.ts";

setDefaultTimeout(120_000);

const FAR = { delayUs: 10_000, jitterUs: 1_000 };

test("of 22 nodes that are told nothing 16 are cores; edges have three links, to cores of their region", () => {
  const region = (node: number) => (node % 2 === 0 ? "even" : "odd");
  const world = new World({ seed: 3, nodes: 22, path: FAR, role: () => "auto", region });
  // One after the other, as machines are added.
  for (const node of world.nodes) {
    world.seed(node);
    world.run(0.3 * SECOND);
  }
  world.run(5 * SECOND);
  const roles = world.nodes.map(({ role }) => role);
  expect(roles).toEqual(world.nodes.map((_, i) => (i < 16 ? "core" : "edge")));
  for (const { relay, role, number } of world.nodes) {
    const links = [...relay.node.links.open()];
    const cores = links.filter(({ hello }) => hello?.role === "core");
    if (role === "core") expect(cores).toHaveLength(15);
    else {
      expect(links).toHaveLength(3);
      expect(cores.map(({ hello }) => hello?.region)).toEqual(new Array(3).fill(region(number)));
    }
  }
}, 60_000);

test("an edge whose cores die has three others a moment later", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const role = (node: number) => (node < 7 ? "core" : "edge");
    const world = cluster({ nodes: 8, path: FAR, role, seed });
    world.run(2 * SECOND);
    const edge = world.node(7);
    const before = [...edge.relay.node.links.open()].map(({ node }) => world.numberOf(node));
    expect(before).toHaveLength(3);
    for (const number of before) world.node(number).crash();
    world.run(3.5 * SECOND);
    const after = edge.relay.node.links
      .cores()
      .filter((link) => !link.isQuiet(edge.now))
      .map(({ node }) => world.numberOf(node));
    expect(after).toHaveLength(3);
    expect(after.some((number) => before.includes(number))).toBeFalse();
  }
}, 60_000);
