import { expect, setDefaultTimeout, test } from "bun:test";
import { NEARER } from "../../src/cascade/cores.ts";
import { Cluster, type TestNode } from "./cluster.ts";

setDefaultTimeout(60_000);

/** Cores of these regions, linked with each other, and an edge in "eu" that is linked with none. */
function ground(...regions: string[]) {
  const cluster = new Cluster();
  const cores = regions.map((region) => cluster.add({ region }));
  cluster.mesh();
  const edge = cluster.add({ role: "edge", region: "eu" });
  return { cluster, cores, edge };
}

/** Numbers of the nodes that it has links with. */
function linked({ node }: TestNode): number[] {
  return [...node.links.open()].map((link) => Number.parseInt(link.node, 16)).toSorted();
}

test("an edge hears of all cores from one, and dials two of its own region", () => {
  const { cluster, cores, edge } = ground("us", "us", "eu", "us", "eu");
  cluster.link(edge, cores[0]!);
  cluster.run(300_000);
  expect(edge.dialled.toSorted()).toEqual(["10.0.0.3:8300", "10.0.0.5:8300"]);
  for (const core of cores) expect(core.dialled).toEqual([]);
});

test("of four links an edge gives up the farthest that no stream comes by, and nobody dials it again", () => {
  const { cluster, cores, edge } = ground("us", "us", "eu", "eu");
  for (const core of cores) cluster.link(edge, core);
  cores[1]!.publish(cluster, "a");
  cluster.run(30_000);
  edge.node.pull(edge.heard.get("a")!, 7, { have: () => [null] }, cluster.now);
  cluster.run(3_000_000);
  expect(linked(edge)).toHaveLength(3);
  expect(linked(edge)).toEqual([2, 3, 4]);
  expect(edge.closings).toEqual([NEARER]);
  expect(cores[0]!.closings).toEqual([NEARER]);
  expect(cores.flatMap(({ dialled }) => dialled)).toEqual([]);
});

test("cascade-edges: a link that a stream comes by stays, as one too many", () => {
  const { cluster, cores, edge } = ground("us", "eu", "eu", "eu");
  for (const core of cores) cluster.link(edge, core);
  cores[0]!.publish(cluster, "a");
  cluster.run(30_000);
  edge.node.pull(edge.heard.get("a")!, 7, { have: () => [null] }, cluster.now);
  cluster.run(3_000_000);
  expect(linked(edge)).toEqual([1, 2, 3, 4]);
  edge.node.endPull("a", cluster.now);
  cluster.run(2_000_000);
  expect(linked(edge)).toEqual([2, 3, 4]);
});

test("who has no link with a core that others have one with dials it, for as long as they do", () => {
  const cluster = new Cluster();
  const [a, b, c] = [cluster.add(), cluster.add(), cluster.add()];
  cluster.link(a, b);
  cluster.run(100_000);
  cluster.link(b, c);
  cluster.run(2_000_000);
  expect([...new Set(a.dialled)]).toEqual(["10.0.0.3:8300"]);
  expect([...new Set(c.dialled)]).toEqual(["10.0.0.1:8300"]);
});

test("cascade-edges: an edge that has a stream is dialled for it once, and not again when it has enough links", () => {
  const { cluster, cores, edge } = ground("eu", "eu", "eu", "us");
  for (const core of cores.slice(0, 3)) cluster.link(edge, core);
  cluster.run(300_000);
  const far = cores[3]!;
  const hint = { node: edge.node.self.id, addresses: edge.node.self.addresses };
  far.node.members.hint({ ...hint, region: null, roundTripUs: null }, cluster.now);
  cluster.run(100_000);
  expect(far.dialled).toEqual([edge.node.self.addresses[0]!]);
  cluster.link(far, edge);
  cluster.run(4_000_000);
  expect(linked(edge)).toEqual([1, 2, 3]);
  expect(far.closings).toEqual([NEARER]);
  expect(far.dialled).toHaveLength(1);
  // It has it again.
  far.node.members.hint({ ...hint, region: null, roundTripUs: null }, cluster.now);
  cluster.run(100_000);
  expect(far.dialled).toHaveLength(2);
});

/** Sixteen cores that were told to be some, one that was not, and an edge of three of them and of that one. */
function tooMany() {
  const cluster = new Cluster();
  const cores = Array.from({ length: 16 }, () => cluster.add());
  const last = cluster.add({ wish: "auto" });
  cluster.mesh();
  const edge = cluster.add({ role: "edge" });
  for (const core of [last, ...cores.slice(0, 3)]) cluster.link(edge, core);
  const far = cluster.add({ role: "edge" });
  cluster.link(far, last);
  for (const core of cores.slice(3, 6)) cluster.link(far, core);
  cluster.run(100_000);
  return { cluster, cores, last, edge, far };
}

test("cascade-roles: a core that steps back keeps three links, and cores hear on of all that it and its edges publish", () => {
  const { cluster, cores, last, edge, far } = tooMany();
  last.publish(cluster, "own");
  edge.publish(cluster, "edge's");
  cluster.run(500_000);
  last.node.pull(last.heard.get("edge's")!, 7, { have: () => [null] }, cluster.now);
  for (let i = 0; i < 250; i += 1) {
    cluster.run(40_000);
    for (const core of cores) {
      expect([i, core.best("own"), core.best("edge's")]).toEqual([i, "17 1", "18 1"]);
    }
    expect([i, last.best("edge's")]).toEqual([i, "18 1"]);
  }
  expect(last.roles).toEqual(["edge"]);
  last.node.endPull("edge's", cluster.now);
  cluster.run(12_000_000);
  expect(linked(last)).toHaveLength(3);
  expect(linked(edge)).toEqual([1, 2, 3]);
  expect(linked(far)).toEqual([4, 5, 6]);
  const dialled = cores.flatMap((core) => core.dialled).filter((each) => each === "10.0.0.17:8300");
  cluster.run(2_000_000);
  expect(cores.flatMap((core) => core.dialled)).toHaveLength(dialled.length);
  expect(cores.map((core) => core.roles)).toEqual(cores.map(() => []));
}, 60_000);

test("cascade-roles: no link of a core that steps back ends for 2 s: whom it ends one with has heard of its names from others", () => {
  const { cluster, cores, last } = tooMany();
  last.publish(cluster, "own");
  while (last.roles.length === 0) cluster.run(1_000);
  const turnedAt = cluster.now;
  const all = linked(last);
  let endedAt: number | null = null;
  for (let i = 0; i < 15_000; i += 1) {
    cluster.run(1_000);
    if (linked(last).length < all.length) endedAt ??= cluster.now;
    const without = cores.filter((core) => core.best("own") !== "17 1").map(({ self }) => self.id);
    expect([i, without]).toEqual([i, []]);
  }
  expect(endedAt! - turnedAt).toBeGreaterThanOrEqual(2_000_000);
  // And not much later: one each second from then on.
  expect(endedAt! - turnedAt).toBeLessThan(2_100_000);
  expect(linked(last)).toHaveLength(3);
});
