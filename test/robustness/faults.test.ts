/** Whatever one session or request makes the executable throw costs that one alone. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import { Client } from "../support/client.ts";
import { type Metrics, readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const STREAM = "live";
/** A keyframe request for no source of anybody's. */
const PLI = new Uint8Array(PLI_BYTES);
writePli(PLI, 0, 1, 2);

let server: TestServer;
let publisher: Client;
let spared: Client;
let before: Metrics;

beforeAll(async () => {
  const args = ["--drills", "--ingest-workers", "1", "--egress-workers", "1"];
  server = await startServer("serve", { args });
  publisher = await Client.connect(server.base, "publisher", STREAM);
  spared = await Client.connect(server.base, "viewer", STREAM);
  await until("media flows", 3_000, () => spared.received.packets > 20);
  before = await readMetrics(server.base);
}, SETUP_MS);

/** The neighbours lost nothing, and no worker had to be replaced. */
afterEach(async () => {
  const seen = spared.received.packets;
  await until("media still flows", 2_000, () => spared.received.packets > seen + 5);
  expect(spared.received.lost()).toBe(0);
  expect([publisher.peer.state, spared.peer.state]).toEqual(["connected", "connected"]);
  before = await readMetrics(server.base);
  expect(before.sum("worker_restarts_total")).toBe(0);
});

afterAll(async () => {
  spared?.vanish();
  publisher?.vanish();
  await server?.stop();
});

async function sessions(): Promise<string[]> {
  const answer = (await server.api("/sessions")) as {
    readonly sessions: readonly { readonly id: string }[];
  };
  return answer.sessions.map(({ id }) => id);
}

const drill = (body: object) =>
  fetch(`${server.base}/api/v1/drills`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/** A new session that is made to throw at `kind`, once it plays. */
async function victim(role: "publisher" | "viewer", kind: string): Promise<Client> {
  const others = await sessions();
  const client = await Client.connect(server.base, role, role === "viewer" ? STREAM : `of-${kind}`);
  if (role === "viewer") await until("it plays", 2_000, () => client.received.packets > 5);
  const session = (await sessions()).find((id) => !others.includes(id));
  expect((await drill({ kind, session })).status).toBe(204);
  return client;
}

/** One more session ended for the reason `internal-error`, one more fault of a worker was counted. */
async function ended(client: Client): Promise<void> {
  const counts = async () => {
    const now = await readMetrics(server.base);
    const grown = (family: string, label = "") =>
      now.sum(family, label) - before.sum(family, label);
    return [
      grown("sessions_ended_total", 'reason="internal-error"'),
      grown("worker_faults_total"),
    ].join(" ");
  };
  const poked = () => {
    client.sendRtcp(PLI);
    return counts();
  };
  await until("it has ended", 8_000, async () => (await poked()) === "1 1", counts);
}

for (const kind of ["datagram", "rtcp", "transmit", "timer", "media"]) {
  test(`S2: a viewer that makes the server throw (${kind}) ends alone`, async () => {
    const client = await victim("viewer", kind);
    await ended(client);
    client.vanish();
  }, 60_000);
}

for (const kind of ["rtp", "datagram", "timer"]) {
  test(`S2: a publisher that makes the server throw (${kind}) ends alone`, async () => {
    const client = await victim("publisher", kind);
    await ended(client);
    client.vanish();
    // Its name is free again.
    const next = await Client.connect(server.base, "publisher", `of-${kind}`);
    await next.leave();
  }, 60_000);
}

test("S2: a session whose very end throws is gone all the same", async () => {
  const others = await sessions();
  const client = await victim("viewer", "close");
  expect((await fetch(client.url, { method: "DELETE" })).status).toBe(200);
  await until("it is gone", 2_000, async () => (await sessions()).length === others.length);
  await until("the worker let go of it", 2_000, async () => {
    const now = await readMetrics(server.base);
    return now.sum("worker_sessions") === others.length;
  });
  expect((await readMetrics(server.base)).sum("worker_faults_total")).toBeGreaterThan(
    before.sum("worker_faults_total"),
  );
  client.vanish();
}, 60_000);

test("S2: faults of one kind are logged once with their stack, and counted each time", async () => {
  const fault = /"A session made the server throw".*\(rtcp\)/g;
  const lines = () => server.logs().match(fault)?.length;
  expect(await told(server, new RegExp(fault, ""))).toContain("at act (src/host/sessions.ts");
  expect(lines()).toBe(1);
  for (let round = 0; round < 2; round += 1) {
    before = await readMetrics(server.base);
    const client = await victim("viewer", "rtcp");
    await ended(client);
    client.vanish();
  }
  // A worker tells of a fault before it tells of the end of the session.
  expect(lines()).toBe(1);
}, 60_000);

test("S2: a request that throws gets a 500 and costs nothing else", async () => {
  const response = await drill({ kind: "request" });
  expect(response.status).toBe(500);
  expect(response.headers.get("Content-Type")).toContain("application/problem+json");
  const text = await response.text();
  expect(text).not.toContain("drill:");
  await told(server, "drill: a request throws");
  const now = await readMetrics(server.base);
  expect(now.sum("control_faults_total", 'place="request"')).toBe(1);
});

test("S2: a promise that nobody awaits and that fails ends nothing", async () => {
  expect((await drill({ kind: "rejection" })).status).toBe(204);
  await told(server, "drill: nobody awaits this");
  const now = await readMetrics(server.base);
  expect(now.sum("control_faults_total", 'place="promise"')).toBe(1);
});
