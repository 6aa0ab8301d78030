/** A second publisher waits until the first one falls silent, on the same node or on another. */
import { afterEach, beforeEach, expect } from "bun:test";
import type { Client } from "../support/client.ts";
import { type ClusterNode, linked, TestCluster } from "../support/cluster.ts";
import { SETUP_MS } from "../support/server.ts";
import { goesOn, offerToPublish, TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const STREAM = "twice";

let cluster: TestCluster;
const clients = new TestClients();

beforeEach(() => {
  cluster = new TestCluster();
});
afterEach(async () => {
  clients.hangUp();
  await cluster.stop();
}, SETUP_MS);

function start(name: string, ...join: string[]): Promise<ClusterNode> {
  const config = cluster.file(`${name}.toml`, 'takeover = "standby"\n');
  return cluster.start(name, { join, args: ["--config", config] });
}

function connect(node: ClusterNode, kind: "publisher" | "viewer"): Promise<Client> {
  return clients.connect(node, kind, STREAM);
}

/** One falls silent: how long nothing comes at these, ms. */
async function silence(publisher: Client, viewers: readonly Client[]): Promise<number> {
  publisher.work = null;
  await Bun.sleep(100);
  const seen = viewers.map(({ received }) => received.packets);
  const since = performance.now();
  await until("another goes on", 5_000, () =>
    viewers.every(({ received }, i) => received.packets > seen[i]! + 5),
  );
  await Promise.all(viewers.map((viewer) => goesOn(viewer)));
  return performance.now() - since;
}

timed(
  "on one node: viewers go on with the second, and with the first again when that falls silent",
  async () => {
    const a = await start("A");
    const first = await connect(a, "publisher");
    const sends = first.work;
    const viewer = await connect(a, "viewer");
    await goesOn(viewer);
    const second = await connect(a, "publisher");
    expect((await offerToPublish(a, STREAM)).status).toBe(409);
    const there = await silence(first, [viewer]);
    first.work = sends;
    await Bun.sleep(500);
    const back = await silence(second, [viewer]);
    expect([first.peer.state, second.peer.state]).toEqual(["connected", "connected"]);
    inTime(() => expect(Math.max(there, back)).toBeLessThan(1_500));
  },
  60_000,
);

timed(
  "on two nodes: the second publisher is at the other one, and viewers of both go on",
  async () => {
    const a = await start("A");
    const b = await start("B", "A");
    await linked([a, b]);
    const first = await connect(a, "publisher");
    const viewers = [await connect(a, "viewer"), await connect(b, "viewer")];
    await Promise.all(viewers.map((viewer) => goesOn(viewer)));
    const second = await connect(b, "publisher");
    const [firstSends, secondSends] = [first.work, second.work];
    await Bun.sleep(1_000);
    // Unless the first was kept from sending for as long as makes it silent.
    const waiting = await b.stream(STREAM);
    inTime(() => expect(waiting).toMatchObject({ origin: "link" }));
    await silence(first, viewers);
    expect(await b.stream(STREAM)).toMatchObject({ origin: "session", live: true });
    expect(await a.stream(STREAM)).toMatchObject({ origin: "link", live: true });
    // The first one waits in its turn.
    first.work = firstSends;
    await Bun.sleep(500);
    await silence(second, viewers);
    expect(await a.stream(STREAM)).toMatchObject({ origin: "session", live: true });
    // Its node dies: the second one is there.
    second.work = secondSends;
    await Bun.sleep(500);
    await a.kill();
    await Bun.sleep(100);
    await until("B has taken over", 5_000, async () => {
      return (await b.stream(STREAM))?.origin === "session";
    });
    await goesOn(viewers[1]!);
  },
  90_000,
);
