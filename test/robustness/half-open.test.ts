/** Publishers that post an offer and never connect, on the executable with little ring memory. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../support/client.ts";
import { PUBLISHER_OFFER } from "../support/control-harness.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** 32 MiB are 25 publishers with an audio and a video ring at their smallest. */
const MEMORY = ["--ring-memory", "32m"];
const GHOSTS = 160;

let server: TestServer;
const clients: Client[] = [];

beforeAll(async () => {
  server = await startServer("serve", { args: MEMORY });
}, SETUP_MS);
afterAll(async () => {
  for (const client of clients) client.vanish();
  await server?.stop();
});

test("S6: 160 half-open publishers take no memory, and another one's media flows at once", async () => {
  const headers = { "Content-Type": "application/sdp" };
  const ghosts = Array.from({ length: GHOSTS }, (_, i) =>
    fetch(`${server.base}/whip/ghost-${i}`, { method: "POST", headers, body: PUBLISHER_OFFER }),
  );
  for (const { status } of await Promise.all(ghosts)) expect(status).toBe(201);
  expect((await readMetrics(server.base)).sum("rings")).toBe(0);
  const publisher = await Client.connect(server.base, "publisher", "real");
  clients.push(publisher);
  const viewer = await Client.connect(server.base, "viewer", "real");
  clients.push(viewer);
  await until("media comes", 5_000, () => viewer.received.packets > 50);
  const metrics = await readMetrics(server.base);
  expect(metrics.sum("rings")).toBe(2);
  // What came before the grant was kept: the first keyframe among it.
  expect(metrics.sum("worker_packets_early_dropped_total")).toBe(0);
}, 120_000);

test("S6: when connected publishers have all memory, the next one is told so, and they go on", async () => {
  // None sends anything until all have their 201: then more of them connect than there is room for.
  let held = true;
  const tamper = (bytes: Uint8Array) => (held ? null : bytes);
  const opened = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      Client.open(server.base, "publisher", `full-${i}`, { tamper }),
    ),
  );
  clients.push(...opened);
  held = false;
  const ends = () => Promise.all(opened.map(({ url }) => fetch(url)));
  let refused: Response | undefined;
  await until("one is turned away", 15_000, async () => {
    refused = (await ends()).find(({ status }) => status === 503);
    return refused !== undefined;
  });
  expect(refused!.headers.get("Retry-After")).toBe("5");
  expect(await refused!.text()).toContain("ring-memory");
  expect(server.logs()).toContain("raise --ring-memory");
  // As many as there is room for have their rings.
  expect((await readMetrics(server.base)).sum("rings")).toBeGreaterThan(40);
  const viewer = clients[1]!;
  const before = viewer.received.packets;
  await until("the first one goes on", 5_000, () => viewer.received.packets > before + 50);
}, 160_000);
