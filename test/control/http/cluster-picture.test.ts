/** GET /status: one picture out of what all nodes say. */
import { expect, test } from "bun:test";
import type { ClusterState, PullState } from "../../../src/contract/cluster.ts";
import { Harness } from "../../support/control-harness.ts";
import { Joined } from "../../support/joined.ts";

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [string, string, string];

// biome-ignore lint/suspicious/noExplicitAny: what an API answers, looked at in parts.
async function status(node: Harness, query = ""): Promise<any> {
  return (await node.request("GET", `/api/v1/status${query}`)).json();
}

function tell(cluster: Joined, node: Harness, change: Partial<ClusterState>): void {
  const state = { ...cluster.stateOf(node), ...change };
  node.plane.events.cluster({ type: "cluster-state", state });
}

function pulled(path: readonly string[] | null): PullState {
  const live = path?.at(-1);
  return {
    ...{ name: "cam", epoch: 3, owner: A, path, ageMs: path === null ? null : 12.5 },
    ...{ filled: 7, withheld: ["h"] },
    parents: [
      ...(live === undefined ? [] : [{ node: live, state: "accepted", mode: "live" }]),
      { node: "ee".repeat(16), state: "accepted", mode: "warm" },
      // It may still refuse.
      { node: "ff".repeat(16), state: "asked", mode: "warm" },
    ],
  };
}

/** A publishes, B has it from A, C from B. */
async function three() {
  const cluster = new Joined();
  const [a, b, c] = [await cluster.add(), await cluster.add(), await cluster.add()];
  await a.publish("cam");
  tell(cluster, a, { published: [{ name: "cam", epoch: 3 }] });
  const tracks = [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 } as const];
  for (const [node, path] of [
    [b, [A]],
    [c, [A, B]],
  ] as const) {
    const stream = { name: "cam", epoch: 3, owner: A, tracks };
    node.plane.events.cluster({ type: "heard", name: "cam", stream });
    await node.view("cam");
    tell(cluster, node, { pulls: [pulled(path)] });
  }
  return { cluster, a, b, c };
}

test("how this node has each stream, and how all others do", async () => {
  const { b, c } = await three();
  const [cam] = (await status(c)).streams;
  expect(cam).toMatchObject({
    ...{ name: "cam", epoch: 3, owner: A, here: true, parent: B, path: [A, B], viewers: 1 },
    ...{ standby: ["ee".repeat(16)], ageMs: 12.5, filled: 7, withheld: ["h"] },
  });
  const ways = cam.nodes.map(({ node, parent, viewers }: Record<string, unknown>) => [
    ...[node, parent, viewers],
  ]);
  expect(ways).toEqual([
    [C, B, 1],
    [A, null, 0],
    [B, A, 1],
  ]);
  expect((await status(b, "?scope=node")).streams[0].nodes).toHaveLength(1);
});

test("of two that give it the parent is the one that the way is by, and the other stands by", async () => {
  const { cluster, c } = await three();
  const second = { node: "dd".repeat(16), state: "accepted", mode: "live" } as const;
  const pull = pulled([A, B]);
  tell(cluster, c, { pulls: [{ ...pull, parents: [second, ...pull.parents] }] });
  const [cam] = (await status(c)).streams;
  expect(cam).toMatchObject({ parent: B, standby: [second.node, "ee".repeat(16)] });
});

test("a stream that this node has not is told as others have it", async () => {
  const { cluster, a, b } = await three();
  const d = await cluster.add();
  tell(cluster, a, { published: [{ name: "cam", epoch: 3 }] });
  tell(cluster, b, { pulls: [pulled([A])] });
  const [cam] = (await status(d)).streams;
  expect(cam).toMatchObject({
    ...{ name: "cam", epoch: 3, owner: A, here: false, parent: null, path: null, viewers: 0 },
  });
  // What C's relay has not told yet is not known, but whose it is.
  expect(cam.nodes[2]).toMatchObject({ node: C, owner: A, path: null, epoch: null });
});

test("other nodes are told with what they say of themselves, or with what their link said", async () => {
  const { cluster, b, c } = await three();
  cluster.mute.add(b);
  const { node, members } = await status(c);
  expect(node).toMatchObject({ id: C, cluster: "spillway", accepts: ["kidkidki"], tokens: [] });
  expect(members).toMatchObject([
    {
      node: A,
      linked: true,
      answered: true,
      roundTripMs: 1,
      datagramBytes: 1372,
      tokens: [],
      keys: [],
    },
    { node: B, linked: true, answered: false, tokens: null, keys: null, version: "1.2.3" },
  ]);
}, 10_000);

test("which secrets who accepts, as they do now and not as their link once told", async () => {
  const { cluster, a, b, c } = await three();
  for (const node of [a, b]) tell(cluster, node, { accepts: ["newnewne", "kidkidki"] });
  expect((await status(c)).secrets).toEqual([
    { id: "kidkidki", have: [C, A, B], lack: [], used: [C] },
    { id: "newnewne", have: [A, B], lack: [C], used: [A, B] },
  ]);
});

test("tokens and keys that are not everywhere are named, by a hash that tells nothing of them", async () => {
  const token = (text: string, rights: string) =>
    `[[auth.tokens]]\ntoken = "${text}"\nrights = [${rights}]\n`;
  const key = (text: string) =>
    `[[auth.keys]]\nid = "k"\nalg = "HS256"\nsecret = "${text.repeat(43)}"\n`;
  const admin = token("admintoken-admintoken", '"admin", "view"');
  const turned = token("admintoken-admintoken", '"view", "admin"');
  const other = token("othertoken-othertoken", '"view"');
  const cluster = new Joined();
  for (const config of [admin + key("a"), turned + other + key("a")]) await cluster.add({ config });
  const c = await cluster.add({ config: admin + key("b") });
  const headers = { Authorization: "Bearer admintoken-admintoken" };
  const response = await c.request("GET", "/api/v1/status", { headers });
  const { differences } = (await response.json()) as { differences: { id: string }[] };
  expect(differences).toMatchObject([
    { kind: "token", have: [B], lack: [C, A] },
    { kind: "key", have: [C], lack: [A, B] },
    { kind: "key", have: [A, B], lack: [C] },
  ]);
  for (const { id } of differences) expect(id).toMatch(/^[0-9a-f]{8}$/);
});

test("metrics tell what each link carries, and how old each stream's media is", async () => {
  const { c } = await three();
  const text = await (await c.request("GET", "/metrics")).text();
  for (const line of [
    `cluster_link_datagrams_total{node="${A}",direction="out"} 2`,
    `cluster_link_bytes_total{node="${B}",direction="in"} 10`,
    `cluster_link_streams{node="${B}",from="there"} 1`,
    'cluster_media_age_seconds{stream="cam"} 0.0125',
    "cluster_link_failures 0",
  ]) {
    expect(text).toContain(`spillway_${line}\n`);
  }
});

test("links that could not be are told by whichever node knows of them", async () => {
  const { cluster, b, c } = await three();
  const failure = { address: "192.0.2.9:8300", node: "", reason: "no answer" };
  for (const node of [b, c]) tell(cluster, node, { failures: [failure] });
  expect((await status(c)).failures).toEqual([
    { ...failure, at: C },
    { ...failure, at: B },
  ]);
});

test("a lie of a member spoils nothing but its own part", async () => {
  const { cluster, b, c } = await three();
  for (const lie of [{ id: A }, null, [], { id: B, streams: "many" }, "x".repeat(5000)]) {
    cluster.lies.set(b, lie);
    c.pass(1);
    const { members, streams } = await status(c);
    expect(members[1]).toMatchObject({ node: B, answered: false });
    expect(streams[0].nodes).toHaveLength(2);
  }
});

test("a server in no cluster says so", async () => {
  const h = await Harness.start();
  expect(await status(h)).toEqual({
    ...{ version: "1.2.3", node: null, members: [], secrets: [], differences: [] },
    ...{ streams: [], failures: [] },
  });
});
