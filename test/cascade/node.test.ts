import { expect, test } from "bun:test";
import { encodeElements } from "../../src/wire/cascade/elements.ts";
import { Frame, Message } from "../../src/wire/cascade/kinds.ts";
import { Cluster, type TestNode } from "./cluster.ts";

const RINGS = { have: () => [null] };

/** `child` pulls "a" as its control would. */
function pull(cluster: Cluster, child: TestNode): void {
  child.node.pull(child.heard.get("a")!, 7, RINGS, cluster.now);
}

function parents(child: TestNode): string[] {
  return [...child.node.pulls.values()].flatMap((each) =>
    each.parents.map(({ node, state, mode }) => `${Number.parseInt(node, 16)} ${state} ${mode}`),
  );
}

test("a stream is had from its root, and ends with it", () => {
  const cluster = new Cluster();
  const [root, child] = [cluster.add(), cluster.add()];
  cluster.mesh();
  root.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, child);
  cluster.run(50_000);
  expect(parents(child)).toEqual(["1 accepted live"]);
  expect(root.served.map(({ mode, wanted }) => [mode, wanted])).toEqual([["live", 0]]);
  root.node.unpublish("a", cluster.now);
  cluster.run(20_000);
  expect(parents(child)).toEqual([]);
  expect(root.served).toEqual([]);
  expect(child.heard.get("a")).toBeNull();
});

test("a full root names a child, which gives it on", () => {
  const cluster = new Cluster();
  const [root, ...children] = Array.from({ length: 4 }, () => cluster.add());
  cluster.mesh();
  root!.publish(cluster, "a");
  cluster.run(20_000);
  for (const child of children) {
    pull(cluster, child);
    cluster.run(100_000);
  }
  const last = children[2]!;
  expect(root!.served.filter(({ mode }) => mode === "live").length).toBeLessThanOrEqual(2);
  expect(parents(last).some((each) => /^[23] accepted live/.test(each))).toBeTrue();
  expect(last.node.pulls.get("a")!.path).toHaveLength(2);
});

test("an edge without a link to the owner has it by a core, which pulls it first", () => {
  const cluster = new Cluster();
  const [root, core, edge] = [cluster.add(), cluster.add(), cluster.add({ role: "edge" })];
  cluster.link(root, core);
  cluster.link(edge, core);
  cluster.run(200_000);
  root.publish(cluster, "a");
  cluster.run(20_000);
  edge.lookUp(cluster, "a");
  cluster.run(20_000);
  pull(cluster, edge);
  cluster.run(20_000);
  expect(core.wanted).toEqual(["a"]);
  expect(parents(edge)).toEqual(["2 not-ready live"]);
  pull(cluster, core);
  cluster.run(50_000);
  expect(parents(edge)).toEqual(["2 accepted live"]);
  expect(edge.node.pulls.get("a")!.path).toEqual([root.self.id, core.self.id]);
});

test("a name that goes on at another node is pulled from there, not from the first", () => {
  const cluster = new Cluster();
  const [first, second, child] = [cluster.add(), cluster.add(), cluster.add()];
  cluster.mesh();
  first.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, child);
  cluster.run(50_000);
  second.publish(cluster, "a");
  cluster.run(50_000);
  expect(first.outranked).toEqual(["a"]);
  expect(child.best("a")).toBe("2 2");
  child.node.endPull("a", cluster.now);
  pull(cluster, child);
  cluster.run(50_000);
  expect(parents(child)).toEqual(["2 accepted live", "1 accepted warm"]);
  expect(first.served).toEqual([]);
});

test("two links to one node: both ends keep the one that the lower id dialled", () => {
  for (const lowFirst of [true, false]) {
    const cluster = new Cluster();
    const [low, high] = [cluster.add(), cluster.add()];
    const dials = [() => cluster.link(low, high), () => cluster.link(high, low)];
    if (!lowFirst) dials.reverse();
    for (const dial of dials) dial();
    cluster.run(700_000);
    for (const node of [low, high]) {
      expect(node.node.links.openCount).toBe(1);
      expect(node.closings).toEqual(["another link is there"]);
    }
    const [kept] = low.node.links.all();
    expect(low.wires.get(kept!.session)!.to).toBe(high);
    expect(kept!.session).toBe(lowFirst ? 2 : 4);
  }
});

test("a second process with a node's key is refused while the first is there, and not after", () => {
  const cluster = new Cluster();
  const [node, first] = [cluster.add(), cluster.add()];
  cluster.mesh();
  const clone = cluster.add({ id: first.self.id, boot: 77 });
  cluster.link(clone, node);
  cluster.run(100_000);
  expect(clone.closings[0]).toBe("its key is used by two nodes");
  expect([...node.node.links.open()].map(({ hello }) => hello?.boot)).toEqual([2]);
  cluster.cut(node, first);
  cluster.run(2_000_000);
  cluster.link(clone, node);
  cluster.run(100_000);
  expect([...node.node.links.open()].map(({ hello }) => hello?.boot)).toEqual([77]);
});

test("cascade-boot: a process that comes back before its old link ended begins anew, with the same epoch", () => {
  const cluster = new Cluster();
  const [node, first] = [cluster.add(), cluster.add()];
  cluster.mesh();
  first.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, node);
  cluster.run(50_000);
  cluster.cut(node, first);
  cluster.run(400_000);
  expect([node.best("a"), node.closings]).toEqual(["2 1", []]);
  const again = cluster.add({ id: first.self.id, boot: 77 });
  cluster.link(again, node);
  cluster.run(20_000);
  expect([node.heard.get("a"), node.closings]).toEqual([null, ["its process has ended"]]);
  again.publish(cluster, "a");
  cluster.run(20_000);
  expect(node.best("a")).toBe("2 1");
  expect(parents(node)).toEqual([]);
});

test("cascade-boot: what a node gave a moment ago is over once its next process is there", () => {
  const cluster = new Cluster();
  const [node, first] = [cluster.add(), cluster.add()];
  cluster.mesh();
  first.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, node);
  cluster.run(50_000);
  const given = node.node.pulls.get("a")!;
  for (const { link, alias } of given.sources(cluster.now)) given.useful(link, alias, cluster.now);
  given.maintain(cluster.now);
  const [session] = node.wires.keys();
  cluster.cut(node, first);
  node.node.unlinked(session!, "its session ended", cluster.now);
  cluster.run(20_000);
  expect(node.best("a")).toBe("2 1");
  cluster.link(cluster.add({ id: first.self.id, boot: 77 }), node);
  cluster.run(20_000);
  expect(node.heard.get("a")).toBeNull();
});

test("whom a core has links with, others hear and dial; what came to nothing is dialled again", () => {
  const cluster = new Cluster();
  const [one, two, three] = [cluster.add(), cluster.add(), cluster.add()];
  one.node.members.setSeeds(["10.0.0.2:8300"], cluster.now);
  cluster.run(5_000);
  expect(one.dialled).toEqual(["10.0.0.2:8300"]);
  one.node.unreachable("10.0.0.2:8300", cluster.now);
  cluster.run(300_000);
  expect(one.dialled).toEqual(["10.0.0.2:8300", "10.0.0.2:8300"]);
  cluster.link(one, two, "10.0.0.2:8300");
  cluster.link(two, three);
  cluster.run(3_000_000);
  expect(one.dialled.slice(2)).toEqual(["10.0.0.3:8300"]);
  expect(three.dialled).toEqual(["10.0.0.1:8300"]);
});

test("many cores with many long addresses are told of, and no link breaks by that", () => {
  const cluster = new Cluster();
  const first = cluster.add();
  const addresses = (number: number): string[] =>
    Array.from({ length: 8 }, (_, i) => `${number}-${i}.${"x".repeat(44)}.example:8300`);
  for (let number = 2; number <= 40; number += 1) {
    cluster.link(first, cluster.add({ addresses: addresses(number) }));
  }
  cluster.run(3_000_000);
  expect(first.node.links.openCount).toBe(39);
  const last = cluster.nodes[39]!;
  expect(last.closings).toEqual([]);
  for (let number = 2; number < 40; number += 1) {
    expect(last.dialled).toContain(addresses(number)[0]!);
  }
}, 120_000);

test("who drains gives what it publishes to those that have it from nobody else", () => {
  const cluster = new Cluster();
  const [root, parent, child, late] = Array.from({ length: 4 }, () => cluster.add()) as [
    TestNode,
    TestNode,
    TestNode,
    TestNode,
  ];
  cluster.link(root, parent);
  cluster.link(parent, child);
  cluster.link(parent, late);
  cluster.run(200_000);
  root.publish(cluster, "a");
  cluster.run(20_000);
  expect(child.best("a")).toBeNull();
  parent.node.drain(5_000);
  parent.publish(cluster, "b");
  cluster.run(20_000);
  child.node.pull(child.heard.get("b")!, 8, RINGS, cluster.now);
  cluster.run(50_000);
  expect(parent.served).toHaveLength(1);
  expect(parents(child)).toEqual(["2 accepted live"]);
  expect(late.closings).toEqual([]);
});

test("ended by hand, every link says why", () => {
  const cluster = new Cluster();
  const [one, two] = [cluster.add(), cluster.add()];
  cluster.mesh();
  one.node.stop(cluster.now);
  cluster.run(20_000);
  expect([one.closings, two.closings]).toEqual([["stopping"], ["stopping"]]);
  expect(two.node.links.openCount).toBe(0);
});

test("a parent that is cut off is silent after 200 ms, and another core gives the stream", () => {
  const cluster = new Cluster();
  const [root, middle, child] = [cluster.add(), cluster.add(), cluster.add()];
  cluster.mesh();
  root.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, middle);
  cluster.run(20_000);
  pull(cluster, child);
  cluster.run(300_000);
  child.node.pulls.get("a")!.want(1, cluster.now);
  const [link] = [...child.node.links.open()].filter(({ node }) => node === root.self.id);
  cluster.cut(root, child);
  // What a parent with children owes each 25 ms, of those that are not cut.
  for (let i = 0; i < 100; i += 1) {
    cluster.run(5_000);
    for (const other of child.node.links.open()) {
      if (other !== link) other.liveness.heard(cluster.now);
    }
  }
  expect(link!.liveness.silent).toBeTrue();
  expect(parents(child)).toContain("2 accepted live");
  expect(child.node.links.openCount).toBe(2);
});

test("cascade-stamps: a node that stood still reads what came meanwhile before it judges", () => {
  const cluster = new Cluster();
  const [root, child] = [cluster.add(), cluster.add()];
  cluster.mesh();
  root.publish(cluster, "a");
  cluster.run(20_000);
  pull(cluster, child);
  cluster.run(20_000);
  const [link] = [...child.node.links.open()];
  cluster.now += 700_000;
  child.node.handleTimeout(cluster.now);
  expect(link!.liveness.silent).toBeFalse();
  link!.liveness.heard(cluster.now - 20_000);
  child.node.judge(cluster.now);
  expect(link!.liveness.silent).toBeFalse();
  child.node.judge(cluster.now + 180_000);
  expect(link!.liveness.silent).toBeTrue();
});

test("frames of a session that is not there, and of types that nobody knows, change nothing", () => {
  const cluster = new Cluster();
  const [one, two] = [cluster.add(), cluster.add()];
  cluster.mesh();
  const [session] = [...two.wires.keys()];
  for (const type of [0, 12, 99, 128, 255]) {
    cluster.carry(two, session!, encodeElements([type, 1, "later"]));
  }
  for (const link of two.node.links.open()) {
    link.send([99, 1]);
    link.send([Message.subscribe, "no"]);
    link.send([Message.accept, 5, [], []]);
  }
  cluster.run(50_000);
  one.node.unlinked(999, "x", cluster.now);
  expect(one.told.filter((type) => type === 99)).toHaveLength(2);
  expect(one.told.every((type) => type !== Frame.ordered)).toBeTrue();
  expect([one.closings, two.closings]).toEqual([[], []]);
});
