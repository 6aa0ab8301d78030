/** What nodes of a cluster survive, and whom they let in: real processes that are killed and restarted. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import type { Client } from "../support/client.ts";
import {
  type ClusterNode,
  linked,
  logged,
  RELAY_WORKER,
  randomSecret,
  TestCluster,
} from "../support/cluster.ts";
import { readMetrics } from "../support/metrics.ts";
import { startProcess } from "../support/process.ts";
import { SETUP_MS } from "../support/server.ts";
import { ServerEvents } from "../support/server-events.ts";
import { told } from "../support/server-log.ts";
import { goesOn, TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const STREAM = "faults";
/** Nobody answers at a seed: that is told after the first attempts. */
const UNANSWERED = "Nobody answers at a seed";

let cluster: TestCluster;
const clients = new TestClients();

beforeEach(() => {
  cluster = new TestCluster();
});
afterEach(async () => {
  clients.hangUp();
  await cluster.stop();
}, SETUP_MS);

function connect(node: ClusterNode, kind: "publisher" | "viewer"): Promise<Client> {
  return clients.connect(node, kind, STREAM);
}

async function pair(): Promise<[ClusterNode, ClusterNode]> {
  const a = await cluster.start("A");
  const b = await cluster.start("B", { join: ["A"] });
  await linked([a, b]);
  return [a, b];
}

/** A publisher at A, and two who watch at B. */
async function audience(a: ClusterNode, b: ClusterNode): Promise<[Client, Client[]]> {
  const publisher = await connect(a, "publisher");
  const viewers = [await connect(b, "viewer"), await connect(b, "viewer")];
  await Promise.all(viewers.map((viewer) => goesOn(viewer)));
  return [publisher, viewers];
}

timed(
  "A is killed, its publisher goes to B: B's viewers go on in the same session",
  async () => {
    const [a, b] = await pair();
    const [, viewers] = await audience(a, b);
    const urls = viewers.map(({ url }) => url);
    await a.kill();
    const started = performance.now();
    await connect(b, "publisher");
    const accepted = performance.now();
    const before = viewers.map(({ received }) => received.packets);
    await until("the first packet", 2_000, () =>
      viewers.every(({ received }, i) => received.packets > before[i]!),
    );
    const [publisherMs, firstMs] = [accepted - started, performance.now() - accepted];
    console.log(
      `connected after ${Math.round(publisherMs)} ms, on after ${Math.round(firstMs)} more`,
    );
    inTime(() => expect(firstMs).toBeLessThan(1_000));
    await Promise.all(viewers.map((viewer) => goesOn(viewer)));
    expect(await b.stream(STREAM)).toMatchObject({ live: true, origin: "session", viewers: 2 });
    // Their sessions are the ones that they were.
    for (const url of urls) {
      const { status } = await fetch(`${url}/layer`, { method: "POST", body: "{}" });
      expect(status).toBe(200);
    }
  },
  40_000,
);

timed(
  "A comes back: the link returns by itself, and so does the stream",
  async () => {
    const [a, b] = await pair();
    const [, viewers] = await audience(a, b);
    const events = await ServerEvents.of(viewers[0]!.url);
    await a.kill();
    const again = await cluster.start("A");
    const up = performance.now();
    await linked([again]);
    inTime(() => expect(performance.now() - up).toBeLessThan(12_000));
    await linked([b], 2);
    const publisher = await connect(again, "publisher");
    await Promise.all(viewers.map((viewer) => goesOn(viewer)));
    expect(events.named("inactive").length).toBe(1);
    await publisher.leave();
    events.close();
  },
  60_000,
);

timed(
  "A is stopped: B knows it at once",
  async () => {
    const [a, b] = await pair();
    const [, viewers] = await audience(a, b);
    const events = await ServerEvents.of(viewers[0]!.url);
    a.signal("SIGTERM");
    await a.exited;
    const stopped = performance.now();
    await told(b, "Node unlinked");
    await until("viewers hear it", 2_000, () => events.named("inactive").length === 1);
    console.log(`told ${Math.round(performance.now() - stopped)} ms after its end`);
    inTime(() => expect(performance.now() - stopped).toBeLessThan(1_000));
    events.close();
  },
  40_000,
);

timed(
  "secrets are exchanged under a link that stays",
  async () => {
    const [a, b] = await pair();
    const [, viewers] = await audience(a, b);
    const old = await Bun.file(cluster.secretFile).text();
    cluster.writeSecrets("secret", [randomSecret(), old.trim()]);
    for (const node of [a, b]) {
      node.signal("SIGHUP");
      await told(node, "Read keys, secrets and certificates again");
    }
    await Promise.all(viewers.map((viewer) => goesOn(viewer)));
    for (const node of [a, b]) expect(logged(node, "Node unlinked")).toBe(0);
    // Who has the old one alone still belongs here, and so does who has the new one alone.
    const [fresh] = (await Bun.file(cluster.secretFile).text()).split("\n");
    for (const [name, secret] of [
      ["C", old.trim()],
      ["D", fresh!],
    ] as const) {
      const secretFile = cluster.writeSecrets(`secret-${name}`, [secret]);
      const node = await cluster.start(name, { join: ["A"], secretFile });
      await linked([node]);
      await node.kill();
    }
  },
  60_000,
);

test("another secret, another cluster name: no link, and the log says what to look at", async () => {
  const a = await cluster.start("A");
  const secretFile = cluster.writeSecrets("other", [randomSecret()]);
  const strangers = [
    await cluster.start("B", { join: ["A"], secretFile }),
    await cluster.start("C", { join: ["A"], args: ["--cluster-name", "elsewhere"] }),
  ];
  for (const node of strangers) {
    const seed = new RegExp(`${UNANSWERED}.*"${RegExp.escape(cluster.link("A"))}"`);
    const line = await told(node, seed, { withinMs: 12_000 });
    expect(line).toContain("the same secret and cluster name");
    expect(logged(node, "Node linked")).toBe(0);
  }
  expect(logged(a, "Node linked")).toBe(0);
}, 90_000);

test("a node may be among its own seeds", async () => {
  const a = await cluster.start("A", { join: ["A", "B"] });
  const b = await cluster.start("B", { join: ["A", "B"] });
  await linked([a, b]);
  await Bun.sleep(2_000);
  for (const node of [a, b]) {
    expect(logged(node, "Node unlinked")).toBe(0);
    expect(logged(node, UNANSWERED)).toBe(0);
  }
}, 60_000);

test("a copied state folder is refused, and the log says so; the true one is not disturbed", async () => {
  const [a, b] = await pair();
  const [, viewers] = await audience(a, b);
  cpSync(cluster.state("A"), cluster.state("copy"), { recursive: true });
  const copy = await cluster.start("C", { join: ["B"], state: "copy" });
  const refused = /"Node unlinked".*key is used by two nodes/;
  for (const node of [copy, b]) await told(node, refused, { withinMs: 10_000 });
  await Promise.all(viewers.map((viewer) => goesOn(viewer)));
  // Each of its links is ended as soon as it stands.
  const links = () => ["Node linked", "Node unlinked"].map((message) => logged(copy, message));
  await until("no link stands", 5_000, () => new Set(links()).size === 1, links);
  expect(logged(a, "Node unlinked")).toBe(0);
  // It is tried again ever later, not all the time.
  await Bun.sleep(3_000);
  expect(logged(b, "Node unlinked")).toBeLessThan(6);
}, 90_000);

for (const kind of ["throw", "hang"] as const) {
  timed(
    `a relay worker that ${kind}s is replaced: links and streams return`,
    async () => {
      const [a, b] = await pair();
      const [, viewers] = await audience(a, b);
      const atA = await connect(a, "viewer");
      for (const [i, node] of [b, a].entries()) {
        const response = await fetch(`${node.base}/api/v1/drills`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ worker: RELAY_WORKER, kind }),
        });
        expect(response.status).toBe(204);
        const started = performance.now();
        const restarts = async () =>
          (await readMetrics(node.base)).sum("worker_restarts_total", 'worker="relay-0"');
        await until("relay-0 is replaced", 4_000, async () => (await restarts()) === 1, node.logs);
        await linked([a, b], 2 + i);
        await Promise.all(viewers.map((viewer) => goesOn(viewer, 10_000)));
        console.log(
          `${kind} at ${node.name}: on after ${Math.round(performance.now() - started)} ms`,
        );
      }
      await goesOn(atA);
    },
    60_000,
  );
}

test("without a secret there is no relay and no link port", async () => {
  const alone = await cluster.start("A");
  expect(udpPorts(alone)).toContain(portOf(cluster.link("A")));
  const plain = await startProcess(["serve"]);
  try {
    const metrics = await (await fetch(`${plain.base}/metrics`)).text();
    expect(metrics).not.toContain("relay-0");
    // One a worker of ingest and egress.
    const workers = new Set(metrics.match(/worker="(ingest|egress)-\d+"/g));
    expect(udpPorts(plain).length).toBe(workers.size);
    expect(udpPorts(plain)).not.toContain(8300);
  } finally {
    await plain.kill();
  }
}, 60_000);

/** UDP ports that a process has bound, each once. */
function udpPorts(node: { readonly pid: () => number }): number[] {
  const { stdout } = Bun.spawnSync(["ss", "-Hulnp"]);
  const own = stdout
    .toString()
    .split("\n")
    .filter((line) => line.includes(`pid=${node.pid()},`));
  return [...new Set(own.map((line) => portOf(line.trim().split(/\s+/)[3]!)))];
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
