/** Reports of other clusters that only whole processes can show: what one node's end means for others. */
import { afterEach, beforeEach, expect } from "bun:test";
import type { Client } from "../support/client.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { SETUP_MS } from "../support/server.ts";
import { goesOn, TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const STREAM = "field";
/** A node that hangs is one whose links end after 5 s. */
const HUNG_MS = 7_000;
const LOOK_MS = 500;
/** A node pulls a stream for 2 s beyond its last reader, and control looks once a second. */
const PULL_ENDS_MS = 5_000;

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

/** How many nodes a stream comes by to this one. */
async function hops(node: ClusterNode): Promise<number> {
  const response = await fetch(`${node.base}/api/v1/status`);
  const { streams } = (await response.json()) as { streams: { path: string[] | null }[] };
  return streams[0]?.path?.length ?? 0;
}

async function answers(node: ClusterNode, path: string): Promise<boolean> {
  const response = await fetch(`${node.base}${path}`, { signal: AbortSignal.timeout(2_000) });
  await response.text();
  return response.ok;
}

timed(
  "LiveKit 4316: the last viewer of one node leaves; whoever watches at others goes on",
  async () => {
    const alone = ["--children-max", "1"];
    const a = await cluster.start("A", { args: alone });
    const b = await cluster.start("B", { join: ["A"], args: alone });
    await linked([a, b]);
    const c = await cluster.start("C", { join: ["A", "B"], args: alone });
    await linked([c], 2);
    const publisher = await connect(a, "publisher");
    const atA = await connect(a, "viewer");
    const atB = await connect(b, "viewer");
    await goesOn(atB);
    // Behind B: A has room for one.
    const atC = await connect(c, "viewer");
    await goesOn(atC);
    await until("the way is told", 3_000, async () => (await hops(c)) === 2);
    for (const viewer of [atA, atB]) await viewer.leave();
    await Bun.sleep(PULL_ENDS_MS);
    await goesOn(atC);
    expect(await a.stream(STREAM)).toMatchObject({ live: true, viewers: 0 });
    expect(await b.stream(STREAM)).toMatchObject({ live: true, viewers: 0 });
    expect(publisher.peer.state).toBe("connected");
    expect(await hops(c)).toBe(2);
  },
  40_000,
);

timed(
  "LiveKit 4663, 2464: the node that all have joined hangs; the others stay well, and one can leave",
  async () => {
    const a = await cluster.start("A");
    const b = await cluster.start("B", { join: ["A"] });
    const c = await cluster.start("C", { join: ["A"] });
    await linked([a, b, c], 2);
    await connect(b, "publisher");
    const viewers = [await connect(c, "viewer"), await connect(b, "viewer")];
    await Promise.all(viewers.map((viewer) => goesOn(viewer)));
    a.signal("SIGSTOP");
    try {
      for (const end = performance.now() + HUNG_MS; performance.now() < end; ) {
        for (const node of [b, c]) {
          for (const path of ["/healthz", "/readyz"]) expect(await answers(node, path)).toBe(true);
        }
        await Bun.sleep(LOOK_MS);
      }
      await Promise.all(viewers.map((viewer) => goesOn(viewer)));
      // New sessions, and a new name, while it hangs.
      await goesOn(await connect(c, "viewer"));
      const left = performance.now();
      c.signal("SIGTERM");
      await c.exited;
      inTime(() => expect(performance.now() - left).toBeLessThan(4_000));
      await goesOn(viewers[1]!);
    } finally {
      a.signal("SIGCONT");
    }
    // It is back by itself, and so is what it has of the others.
    await linked([b], 3);
    await goesOn(await connect(a, "viewer"));
    await linked([a], 3);
  },
  60_000,
);
