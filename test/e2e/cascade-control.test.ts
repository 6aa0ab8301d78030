/** Three nodes as one server: what may be asked of one, all of them answer and do. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type ClusterNode, linked, randomSecret, TestCluster } from "../support/cluster.ts";
import { SETUP_MS } from "../support/server.ts";
import { TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

let cluster: TestCluster;
let nodes: [ClusterNode, ClusterNode, ClusterNode];
const clients = new TestClients();
/** Of the tree's test, which may be repeated: each time it has a stream of its own. */
let trees = 0;
/** What the hook was asked and told, as "EVENT STREAM". */
let asked: string[] = [];
const hook = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    const { event, stream } = (await request.json()) as Record<string, string>;
    asked.push(`${event} ${stream}`);
    return new Response(null, { status: 204 });
  },
});

beforeAll(async () => {
  cluster = new TestCluster();
  const config = cluster.file("hook.toml", `[hook]\nurl = "${hook.url.href}"\n`);
  const args = ["--config", config];
  const a = await cluster.start("A", { args });
  const b = await cluster.start("B", { join: ["A"], args });
  const c = await cluster.start("C", { join: ["A"], args });
  nodes = [a, b, c];
  await linked([a], 2);
  await linked([b, c], 2);
}, SETUP_MS);
afterEach(() => {
  clients.hangUp();
  asked = [];
});
afterAll(async () => {
  await cluster?.stop();
  await hook.stop(true);
});

/** A publisher at A, a viewer there and two at B, all of whom get media. */
async function show(stream: string): Promise<void> {
  const [a, b] = nodes;
  await clients.connect(a, "publisher", stream);
  await until("B has heard of it", 3_000, async () => (await names(b)).includes(stream));
  const viewers = [await clients.connect(a, "viewer", stream)];
  for (let i = 0; i < 2; i += 1) viewers.push(await clients.connect(b, "viewer", stream));
  await until("media comes", 5_000, () => viewers.every(({ received }) => received.packets > 50));
}

interface Lists {
  readonly streams: readonly { readonly name: string; readonly viewers: number }[];
  readonly sessions: readonly { readonly id: string; readonly kind: string }[];
  readonly nodes: readonly { readonly answered: boolean }[];
}

async function list(node: ClusterNode, what: "streams" | "sessions"): Promise<Lists> {
  return (await (await fetch(`${node.base}/api/v1/${what}`)).json()) as Lists;
}

/** A list in which both other nodes have their part: on a busy machine one may be late. */
async function whole(node: ClusterNode, what: "streams" | "sessions"): Promise<Lists> {
  return await until("all have answered", 5_000, async () => {
    const answer = await list(node, what);
    return answer.nodes.length === 2 && answer.nodes.every(({ answered }) => answered)
      ? answer
      : null;
  });
}

async function names(node: ClusterNode): Promise<string[]> {
  return (await list(node, "streams")).streams.map(({ name }) => name);
}

interface Status {
  readonly node: { readonly id: string };
  readonly members: readonly { readonly linked: boolean }[];
  readonly secrets: readonly Record<"have" | "lack" | "used", readonly string[]>[];
  readonly differences: readonly unknown[];
  readonly streams: readonly {
    readonly name: string;
    readonly nodes: readonly { readonly node: string; readonly ageMs: number | null }[];
  }[];
  readonly failures: readonly { readonly reason: string }[];
}

async function status(node: ClusterNode): Promise<Status> {
  return (await (await fetch(`${node.base}/api/v1/status`)).json()) as Status;
}

function remove(node: ClusterNode, path: string): Promise<Response> {
  return fetch(`${node.base}/api/v1/${path}`, { method: "DELETE" });
}

test("lists are of all nodes, and a session is ended from a node that it is not at", async () => {
  await show("kick");
  const [, , c] = nodes;
  const streams = await whole(c, "streams");
  expect(streams.streams).toMatchObject([{ name: "kick", viewers: 3 }]);
  const { sessions } = await whole(c, "sessions");
  expect(sessions.map(({ kind }) => kind).toSorted()).toEqual([
    ...["publisher", "viewer", "viewer", "viewer"],
  ]);
  for (const { id, kind } of sessions) {
    // 504: a machine that is busy with other tests did it, and said so too late.
    if (kind === "viewer") expect([204, 504]).toContain((await remove(c, `sessions/${id}`)).status);
  }
  const [publisher, ...viewers] = clients.all;
  await until("the viewers end", 3_000, () =>
    viewers.every(({ peer }) => peer.state !== "connected"),
  );
  expect(publisher!.peer.state).toBe("connected");
  expect((await whole(c, "sessions")).sessions).toHaveLength(1);
}, 40_000);

test("a stream is ended at all nodes by one request at any", async () => {
  await show("end");
  const [, , c] = nodes;
  const response = await remove(c, "streams/end");
  const { ended, nodes: told } = (await response.json()) as Lists & { ended: object };
  expect(told).toHaveLength(2);
  if (told.every(({ answered }) => answered)) expect(ended).toEqual({ publishers: 1, viewers: 3 });
  await until("all end", 3_000, () => clients.all.every(({ peer }) => peer.state !== "connected"));
  await until(
    "nobody has it",
    5_000,
    async () => !(await names(c)).includes("end"),
    () => Promise.all(nodes.map((node) => list(node, "streams"))),
  );
  await until("all say so", 5_000, async () => (await remove(c, "streams/end")).status === 404);
}, 40_000);

test("the hook is asked once, at the node that answers whoever publishes or watches", async () => {
  await show("asked");
  const questions = asked.filter((line) => /^(publish|view) /.test(line));
  expect(questions).toEqual(["publish asked", "view asked", "view asked", "view asked"]);
}, 40_000);

timed(
  "any node tells the tree of a stream, how old its media is, and who has which secret",
  async () => {
    trees += 1;
    const name = `tree-${trees}`;
    await show(name);
    const [a, b, c] = nodes;
    const [idA, idB] = [(await status(a)).node.id, (await status(b)).node.id];
    const seen = await until("the tree is told", 10_000, async () => {
      const { streams, ...rest } = await status(c);
      const tree = streams.find((stream) => stream.name === name);
      const atB = tree?.nodes.find(({ node }) => node === idB);
      return atB?.ageMs == null ? null : { ...rest, tree, atB };
    });
    expect(seen.atB).toMatchObject({ viewers: 2 });
    expect(seen.tree).toMatchObject({ owner: idA });
    inTime(() => {
      // A node that A kept waiting has it by another.
      expect(seen.atB).toMatchObject({ parent: idA, path: [idA] });
      expect(seen.tree).toMatchObject({ here: false });
      expect(seen.atB.ageMs).toBeLessThan(1_000);
    });
    expect(seen.members.map(({ linked }) => linked)).toEqual([true, true]);
    const [secret] = seen.secrets;
    expect([secret!.have.length, secret!.used.length, secret!.lack]).toEqual([3, 3, []]);
    expect(seen.differences).toEqual([]);
  },
  40_000,
);

test("why a link cannot be is told in words, at either end as far as it knows", async () => {
  const [a] = nodes;
  const secretFile = cluster.writeSecrets("other", [randomSecret()]);
  const foreign = await cluster.start("D", { join: ["A"], secretFile });
  const renamed = await cluster.start("E", { join: ["A"], args: ["--cluster-name", "elsewhere"] });
  const told = (node: ClusterNode, words: string) =>
    until(
      `"${words}" is told`,
      20_000,
      async () => (await status(node)).failures.some(({ reason }) => reason.includes(words)),
      async () => (await status(node)).failures,
    );
  await told(foreign, "no answer");
  await told(renamed, 'another cluster name: "spillway"');
  await told(a, "which is not accepted here");
  await told(a, 'another cluster name: "elsewhere"');
  expect((await status(a)).members).toHaveLength(2);
  for (const node of [foreign, renamed]) await node.kill();
}, 150_000);

timed(
  "a node that stands still is named, and the others answer all the same",
  async () => {
    await show("late");
    const [, b, c] = nodes;
    b.signal("SIGSTOP");
    try {
      const started = performance.now();
      const { sessions, nodes: told } = await list(c, "sessions");
      inTime(() => expect(performance.now() - started).toBeLessThan(3_000));
      expect(told.filter(({ answered }) => !answered).length).toBeGreaterThan(0);
      inTime(() => {
        expect(told.map(({ answered }) => answered).toSorted()).toEqual([false, true]);
        expect(sessions).toHaveLength(2);
      });
    } finally {
      b.signal("SIGCONT");
    }
  },
  40_000,
);
