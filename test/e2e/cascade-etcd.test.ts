/** Names by etcd: nodes of one cluster, a real etcd, which is killed, and real viewers, who notice nothing. */
import { afterEach, beforeEach, expect } from "bun:test";
import { type ClusterNode, linked, logged, TestCluster } from "../support/cluster.ts";
import { lacksEtcd, TestEtcd } from "../support/etcd.ts";
import { SETUP_MS } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { goesOn, offerToPublish, TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const STREAM = "cam";
const skip = lacksEtcd("names by etcd");

let cluster: TestCluster;
let etcd: TestEtcd;
const clients = new TestClients();

beforeEach(async () => {
  if (skip) return;
  cluster = new TestCluster();
  etcd = await TestEtcd.start();
}, SETUP_MS);
afterEach(async () => {
  clients.hangUp();
  await cluster?.stop();
  await etcd?.stop();
}, SETUP_MS);

function start(name: string, join: readonly string[] = []): Promise<ClusterNode> {
  return cluster.start(name, { join, args: ["--names", etcd.names] });
}

interface Names {
  readonly node: { readonly names: { readonly owned: number; readonly trouble: string | null } };
  readonly members: readonly { readonly names: { readonly trouble: string | null } | null }[];
  readonly streams: readonly { readonly name: string; readonly epoch: number | null }[];
}

async function status(node: ClusterNode): Promise<Names> {
  return (await (await fetch(`${node.base}/api/v1/status`)).json()) as Names;
}

/** The relay tells it once a second. */
function epochOf(node: ClusterNode): Promise<number> {
  return until("its epoch is told", 5_000, async () => {
    const { streams } = await status(node);
    return streams.find(({ name }) => name === STREAM)?.epoch ?? null;
  });
}

/** Also of one that nobody watches there. */
async function hasHeard(node: ClusterNode, stream: string): Promise<boolean> {
  const response = await fetch(`${node.base}/api/v1/streams`);
  const { streams } = (await response.json()) as { streams: { name: string }[] };
  return streams.some(({ name }) => name === stream);
}

async function metric(node: ClusterNode, name: string): Promise<number> {
  const text = await (await fetch(`${node.base}/metrics`)).text();
  return Number(new RegExp(`^spillway_${name} (\\S+)$`, "m").exec(text)?.[1]);
}

timed(
  "two nodes that do not know each other: a name is one publisher's, by etcd alone",
  async () => {
    if (skip) return;
    const [a, b] = [await start("A"), await start("B")];
    for (let i = 0; i < 10; i += 1) {
      const both = await Promise.all([
        offerToPublish(a, `race${i}`),
        offerToPublish(b, `race${i}`),
      ]);
      expect(both.map(({ status: code }) => code).toSorted()).toEqual([201, 409]);
    }
    const publisher = await clients.connect(a, "publisher", STREAM);
    await until("it is live", 3_000, async () => (await a.stream(STREAM))?.live === true);
    const refused = await offerToPublish(b, STREAM);
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([409, "1"]);
    publisher.hangUp();
    const next = await until("the name is free", 10_000, async () => {
      const response = await offerToPublish(b, STREAM);
      return response.status === 201 ? response : null;
    });
    expect(next.status).toBe(201);
  },
  60_000,
);

timed(
  "etcd is killed: nobody who watches notices, new names get 503, and all is well when it is back",
  async () => {
    if (skip) return;
    const a = await start("A");
    const b = await start("B", ["A"]);
    await linked([a, b]);
    const publisher = await clients.connect(a, "publisher", STREAM);
    const viewers = [await clients.connect(a, "viewer", STREAM)];
    await until("B has heard of it", 5_000, () => hasHeard(b, STREAM));
    viewers.push(await clients.connect(b, "viewer", STREAM));
    for (const viewer of viewers) await inTime(() => goesOn(viewer));
    const { node } = await status(a);
    expect(node.names).toEqual({ by: "etcd", owned: 1, trouble: null } as Names["node"]["names"]);
    const epoch = await epochOf(a);

    await etcd.kill();
    for (const each of [a, b]) {
      const away = async () => (await metric(each, "cluster_names_reachable")) === 0;
      await until("it is told", 10_000, away);
      expect((await status(each)).node.names.trouble).toContain("cannot be reached");
      await told(each, "etcd cannot be asked whose a name is");
      expect(logged(each, "etcd cannot be asked whose a name is")).toBe(1);
      const refused = await offerToPublish(each, "new");
      expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
      expect(await each.ready()).toBe(true);
    }
    // A name that others have is theirs, as the nodes themselves say.
    expect((await offerToPublish(b, STREAM)).status).toBe(409);
    // Beyond the lease.
    await Bun.sleep(12_000);
    for (const viewer of viewers) await inTime(() => goesOn(viewer));
    viewers.push(await clients.connect(b, "viewer", STREAM));

    await etcd.start();
    const back = async () => (await metric(a, "cluster_names_reachable")) === 1;
    await until("etcd is asked again", 15_000, back);
    expect((await until("a new name", 10_000, () => created(b, "new"))).status).toBe(201);
    for (const viewer of viewers) await inTime(() => goesOn(viewer));
    expect(publisher.peer.state).toBe("connected");
    await until("the name is A's", 10_000, async () => (await status(a)).node.names.owned === 1);
    expect((await offerToPublish(b, STREAM)).status).toBe(409);
    expect(await epochOf(a)).toBe(epoch);
    await told(a, "etcd can be asked again");
    expect(logged(a, "etcd can be asked again")).toBe(1);
  },
  120_000,
);

async function created(node: ClusterNode, stream: string): Promise<Response | null> {
  const response = await offerToPublish(node, stream);
  return response.status === 201 ? response : null;
}

timed(
  "a node is killed: its publisher comes to another at once, not when the lease is over",
  async () => {
    if (skip) return;
    const a = await start("A");
    const b = await start("B", ["A"]);
    await linked([a, b]);
    await clients.connect(a, "publisher", STREAM);
    await until("B has heard of it", 5_000, () => hasHeard(b, STREAM));
    const viewer = await clients.connect(b, "viewer", STREAM);
    await inTime(() => goesOn(viewer));
    const before = await epochOf(b);
    await a.kill();
    const killedAt = performance.now();
    await until("its name is free", 10_000, async () => {
      const response = await offerToPublish(b, STREAM);
      return response.status === 201;
    });
    inTime(() => expect(performance.now() - killedAt).toBeLessThan(4_000));
    // The one that never connects makes way.
    await until("a publisher is in", 15_000, async () => {
      try {
        return (await clients.connect(b, "publisher", STREAM)) !== null;
      } catch {
        return false;
      }
    });
    await inTime(() => goesOn(viewer, 10_000));
    const isNext = async () => (await epochOf(b)) > before;
    await until("the next publisher's epoch is higher", 5_000, isNext);
  },
  90_000,
);

timed(
  "a node that stops gives its names back, and one that hangs loses them to whoever asks",
  async () => {
    if (skip) return;
    const [a, b] = [await start("A"), await start("B")];
    await clients.connect(a, "publisher", STREAM);
    await until("it is live", 3_000, async () => (await a.stream(STREAM))?.live === true);
    a.signal("SIGSTOP");
    expect((await offerToPublish(b, STREAM)).status).toBe(201);
    a.signal("SIGCONT");
    await told(a, "Another node has the name", { withinMs: 10_000 });
    expect(logged(a, "Another node has the name")).toBe(1);
    await clients.connect(a, "publisher", "own");
    await until("it is live", 3_000, async () => (await a.stream("own"))?.live === true);
    a.signal("SIGTERM");
    await a.exited;
    const asked = performance.now();
    expect((await offerToPublish(b, "own")).status).toBe(201);
    // Nobody was to be asked.
    expect(performance.now() - asked).toBeLessThan(5_000);
  },
  60_000,
);
