/** Publishers that post an offer and never connect, on the executable with little ring memory. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { EARLY_PACKETS_MAX } from "../../src/limits.ts";
import { Client } from "../support/client.ts";
import { PUBLISHER_OFFER } from "../support/control-harness.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { told } from "../support/server-log.ts";
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

test("S6: what is sent before the rings are granted is in them all the same", async () => {
  let sent = 0;
  const tamper = (bytes: Uint8Array) => {
    // RTP by its first byte, and no RTCP by its second (RFC 7983 7, RFC 5761 4).
    if (bytes[0]! >> 6 !== 2 || (bytes[1]! >= 192 && bytes[1]! <= 223)) return bytes;
    // Fewer than are held, however long control takes.
    if (sent === EARLY_PACKETS_MAX / 2) return null;
    sent += 1;
    return bytes;
  };
  const publisher = await Client.open(server.base, "publisher", "early", { tamper });
  clients.push(publisher);
  // Control has much to do while the publisher connects and sends its first keyframe.
  const busy = Array.from({ length: 60 }, (_, i) => fetch(`${server.base}/api/v1/stats?${i}`));
  await publisher.connected();
  for (const response of await Promise.all(busy)) await response.text();
  await until("media was sent", 5_000, () => sent === EARLY_PACKETS_MAX / 2);
  await Bun.sleep(300);
  const { sessions } = (await server.api("/sessions")) as {
    sessions: { stream: string; tracks: { packets: number }[] }[];
  };
  const { tracks } = sessions.find(({ stream }) => stream === "early")!;
  expect(tracks.reduce((sum, { packets }) => sum + packets, 0)).toBe(sent);
}, 30_000);

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
  await until("one is turned away", 30_000, async () => {
    refused = (await ends()).find(({ status }) => status === 503);
    return refused !== undefined;
  });
  expect(refused!.headers.get("Retry-After")).toBe("5");
  expect(await refused!.text()).toContain("ring-memory");
  await told(server, "raise --ring-memory");
  // Rings that grow take room, too.
  expect((await readMetrics(server.base)).sum("rings")).toBeGreaterThan(10);
  const viewer = clients[1]!;
  const before = viewer.received.packets;
  await until("the first one goes on", 5_000, () => viewer.received.packets > before + 50);
}, 160_000);
