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

test("cores hear what cores publish, and who has no link with them nothing: an edge asks", () => {
  const { cluster, core, other, edge, far } = tree();
  core.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual([null, "1 1", "1 1", null]);
  far.lookUp(cluster, "a");
  far.lookUp(cluster, "nobody's");
  cluster.run(10_000);
  expect(bests([far])).toEqual(["1 1"]);
  expect(far.lookedUp).toEqual(["a", "nobody's"]);
  core.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual([null, null, null, null]);
});

test("what an edge publishes its core tells on once; an edge of another core hears of it when it asks", () => {
  const { cluster, core, other, edge, far } = tree();
  edge.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual(["3 1", "3 1", null, null]);
  far.lookUp(cluster, "a");
  cluster.run(10_000);
  expect(bests([far])).toEqual(["3 1"]);
  edge.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  expect(bests([core, other, edge, far])).toEqual([null, null, null, null]);
});

test("who comes later hears all that is there, and who goes takes along all that it told", () => {
  const { cluster, core, other, edge } = tree();
  core.publish(cluster, "a");
  edge.publish(cluster, "b");
  cluster.run(50_000);
  const [late, lateCore] = [cluster.add({ role: "edge" }), cluster.add()];
  cluster.link(late, core);
  cluster.link(lateCore, core);
  cluster.run(100_000);
  expect([late.best("a"), late.best("b")]).toEqual(["1 1", null]);
  expect([lateCore.best("a"), lateCore.best("b")]).toEqual(["1 1", "3 1"]);
  late.lookUp(cluster, "b");
  cluster.run(10_000);
  expect(late.best("b")).toBe("3 1");
  edge.node.stop(cluster.now);
  cluster.run(50_000);
  expect([late, lateCore, other].map((node) => node.best("b"))).toEqual([null, null, null]);
  expect([late, lateCore, other].map((node) => node.best("a"))).toEqual(["1 1", "1 1", "1 1"]);
});

test("published again, the newer epoch counts wherever it is heard", () => {
  const { cluster, core, other, edge, far } = tree();
  core.publish(cluster, "a");
  far.lookUp(cluster, "a");
  cluster.run(50_000);
  far.lookUp(cluster, "a");
  cluster.run(50_000);
  core.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([other, edge, far])).toEqual(["1 2", "1 2", "1 2"]);
  other.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, far])).toEqual(["2 3", "2 3"]);
  expect(core.outranked).toEqual(["a"]);
  core.node.unpublish("a", cluster.now);
  cluster.run(10_000);
  edge.lookUp(cluster, "a");
  cluster.run(10_000);
  expect(edge.best("a")).toBe("2 3");
});

test("what was asked for is told on as long as somebody has it, and the newer owner at once", () => {
  const { cluster, core, other, edge, far } = tree();
  core.publish(cluster, "a");
  cluster.run(50_000);
  far.lookUp(cluster, "a");
  cluster.run(20_000);
  edge.lookUp(cluster, "a");
  edge.publish(cluster, "a");
  cluster.run(50_000);
  expect(bests([core, other, far])).toEqual(["3 2", "3 2", "3 2"]);
  edge.node.unpublish("a", cluster.now);
  core.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  core.publish(cluster, "a");
  cluster.run(50_000);
  // It has to ask again.
  expect(far.best("a")).toBeNull();
});

test("cascade-names: an edge counts on from what others have heard of before", () => {
  const { cluster, core, far } = tree();
  for (let i = 0; i < 4; i += 1) core.publish(cluster, "a");
  core.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  far.lookUp(cluster, "a");
  cluster.run(10_000);
  far.publish(cluster, "a");
  cluster.run(50_000);
  expect(core.best("a")).toBe("4 5");
});

test("a core without a link to an owner asks those that told of having one", () => {
  const { cluster, core, other } = tree();
  const third = cluster.add();
  cluster.link(third, other);
  cluster.run(1_500_000);
  core.publish(cluster, "a");
  cluster.run(50_000);
  expect(third.best("a")).toBeNull();
  third.lookUp(cluster, "a");
  cluster.run(10_000);
  expect([third.best("a"), third.lookedUp]).toEqual(["1 1", ["a"]]);
  // Both hear of it by a third one alone: neither keeps it for the other.
  core.node.stop(cluster.now);
  cluster.run(50_000);
  expect(bests([other, third])).toEqual([null, null]);
});

test("a core that knows of no other is asked nothing, and says at once that it knows no more", () => {
  const { cluster, core, edge } = tree();
  core.lookUp(cluster, "a");
  expect(core.lookedUp).toEqual(["a"]);
  edge.lookUp(cluster, "a");
  expect(edge.lookedUp).toEqual([]);
  cluster.cut(edge, core);
  cluster.run(249_000);
  expect(edge.lookedUp).toEqual([]);
  cluster.run(3_000);
  expect(edge.lookedUp).toEqual(["a"]);
});

test("cascade-names: two owners that no link connects: the lower one hears of the other by whoever knows both", () => {
  const cluster = new Cluster();
  const [low, high, between] = [cluster.add(), cluster.add(), cluster.add()];
  cluster.link(low, between);
  cluster.link(high, between);
  cluster.run(100_000);
  low.publish(cluster, "a");
  high.publish(cluster, "a");
  cluster.run(50_000);
  expect([low.outranked, high.outranked]).toEqual([["a"], []]);
  low.node.unpublish("a", cluster.now);
  cluster.run(50_000);
  expect(low.best("a")).toBe("2 1");
});

test("an edge that publishes what another has hears of it by its core", () => {
  const { cluster, core, edge, far } = tree();
  edge.publish(cluster, "a");
  far.publish(cluster, "a");
  cluster.run(50_000);
  expect([edge.outranked, far.outranked]).toEqual([["a"], []]);
  expect(core.best("a")).toBe("4 1");
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

test("cascade-names: a core tells another nothing that it heard of a third one itself", () => {
  const cluster = new Cluster();
  const [one, two, three] = [cluster.add(), cluster.add(), cluster.add()];
  const edge = cluster.add({ role: "edge" });
  cluster.link(one, two);
  cluster.link(two, three);
  cluster.link(edge, two);
  cluster.run(1_500_000);
  const told = { name: "a", epoch: 1, owner: nodeBytes(idOf(9)), relayed: true, tracks: TRACKS };
  for (const link of one.node.links.open()) link.send(writeName(told));
  cluster.run(20_000);
  for (const node of [three, edge]) node.lookUp(cluster, "a");
  cluster.run(20_000);
  expect(bests([two, three, edge])).toEqual(["9 1", null, "9 1"]);
});

test("cascade-names: whoever publishes is told of a higher owner by nobody, where it has a link with it", () => {
  const cluster = new Cluster();
  const [low, high] = [cluster.add(), cluster.add()];
  cluster.add();
  cluster.mesh();
  cluster.run(1_500_000);
  low.publish(cluster, "a");
  high.publish(cluster, "a");
  cluster.run(50_000);
  expect(low.node.names.told("a")).toHaveLength(1);
});

test("nobody tells a node what it publishes itself", () => {
  const hearer = lie("core", { owner: nodeBytes(idOf(2)), relayed: true, epoch: 9 });
  expect(hearer.best("a")).toBeNull();
  expect(hearer.outranked).toEqual([]);
});
