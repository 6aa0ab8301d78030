import { expect, test } from "bun:test";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import type { Name } from "../../src/wire/cascade/name.ts";
import { writeName } from "../../src/wire/cascade/name.ts";
import { Cluster, type TestNode, TRACKS } from "./cluster.ts";
import { idOf } from "./ends.ts";

/** Two cores with a link, and an edge at each. */
function tree() {
  const cluster = new Cluster();
  const [core, other] = [cluster.add(), cluster.add()];
  const [edge, far] = [cluster.add({ role: "edge" }), cluster.add({ role: "edge" })];
  cluster.link(core, other);
  cluster.link(edge, core);
  cluster.link(far, other);
  cluster.run(200_000);
  return { cluster, core, other, edge, far };
}

function bests(nodes: readonly TestNode[], name = "a"): (string | null)[] {
  return nodes.map((node) => node.best(name));
}

test("cores hear what cores publish, and so do their edges; what ends is gone everywhere", () => {
  const { cluster, core, other, edge, far } = tree();
  core.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual([null, "1 1", "1 1", "1 1"]);
  core.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual([null, null, null, null]);
});

test("what an edge publishes its core tells on once: an edge of another core has it no further", () => {
  const { cluster, core, other, edge, far } = tree();
  edge.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, other, edge])).toEqual(["3 1", "3 1", null]);
  expect(far.best("a")).toBeNull();
});

test("who comes later hears all that is there, and who goes takes along all that it told", () => {
  const { cluster, core, other, edge } = tree();
  core.publish(cluster, "a");
  edge.publish(cluster, "b");
  cluster.run(50_000);
  const late = cluster.add({ role: "edge" });
  cluster.link(late, core);
  cluster.run(100_000);
  expect([late.best("a"), late.best("b")]).toEqual(["1 1", "3 1"]);
  edge.node.stop(cluster.now);
  cluster.run(50_000);
  expect([late.best("b"), other.best("b")]).toEqual([null, null]);
  expect([late.best("a"), other.best("a")]).toEqual(["1 1", "1 1"]);
});

test("published again, the newer epoch counts wherever it is heard", () => {
  const { cluster, core, other, edge, far } = tree();
  core.publish(cluster, "a");
  cluster.run(50_000);
  core.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([other, edge, far])).toEqual(["1 2", "1 2", "1 2"]);
  other.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, edge])).toEqual(["2 3", "2 3"]);
  expect(core.outranked).toEqual(["a"]);
});

test("two owners after a partition: the lower one hears of it as soon as they are linked again", () => {
  const cluster = new Cluster();
  const [low, high] = [cluster.add(), cluster.add()];
  low.publish(cluster, "a");
  high.publish(cluster, "a");
  cluster.link(low, high);
  cluster.run(100_000);
  expect([low.outranked, high.outranked]).toEqual([["a"], []]);
  expect(low.best("a")).toBe("2 1");
  expect(high.best("a")).toBeNull();
});

/** Node 2 hears this of node 1, which is of that role. */
function lie(role: "core" | "edge", name: Partial<Name>): TestNode {
  const cluster = new Cluster();
  const [liar, hearer] = [cluster.add({ role }), cluster.add()];
  cluster.link(liar, hearer);
  cluster.run(100_000);
  const told: Name = {
    name: "a",
    epoch: 1,
    owner: nodeBytes(idOf(1)),
    relayed: false,
    tracks: TRACKS,
    ...name,
  };
  for (const link of liar.node.links.open()) link.send(writeName(told));
  cluster.run(50_000);
  expect(hearer.closings).toEqual([]);
  return hearer;
}

test("nobody is believed about a name of another node, but a core that tells it on as such", () => {
  expect(lie("core", {}).best("a")).toBe("1 1");
  expect(lie("core", { owner: nodeBytes(idOf(9)) }).best("a")).toBeNull();
  expect(lie("edge", { owner: nodeBytes(idOf(9)), relayed: true }).best("a")).toBeNull();
  expect(lie("core", { owner: nodeBytes(idOf(9)), relayed: true }).best("a")).toBe("9 1");
});

test("nobody tells a node what it publishes itself", () => {
  const hearer = lie("core", { owner: nodeBytes(idOf(2)), relayed: true, epoch: 9 });
  expect(hearer.best("a")).toBeNull();
  expect(hearer.outranked).toEqual([]);
});
