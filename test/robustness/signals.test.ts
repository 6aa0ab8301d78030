/** SIGTERM drains, a second one ends at once, SIGHUP reads the configuration again. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, viewerOffer } from "../support/client.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { told } from "../support/server-log.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

let server: ServerProcess;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) client.vanish();
  clients = [];
  await server.kill();
});

async function connect(kind: "publisher" | "viewer"): Promise<Client> {
  const client = await Client.connect(server.base, kind, "signals");
  clients.push(client);
  return client;
}

async function post(token?: string): Promise<number> {
  const response = await fetch(`${server.base}/whep/signals`, {
    method: "POST",
    headers: {
      "Content-Type": "application/sdp",
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: viewerOffer(),
  });
  await response.text();
  return response.status;
}

timed(
  "SIGTERM: no new sessions, viewers go on until they leave, exit code 0",
  async () => {
    server = await startProcess(["serve", "--drain-seconds", "20"]);
    await connect("publisher");
    const viewer = await connect("viewer");
    server.signal("SIGTERM");
    await until("it is not ready", 1_000, async () => !(await server.ready()));
    expect(await post()).toBe(503);
    const seen = viewer.received.packets;
    await until("media still comes", 2_000, () => viewer.received.packets > seen + 20);
    expect(viewer.received.lost()).toBe(0);
    const started = performance.now();
    await viewer.leave();
    expect(await server.exited).toBe(0);
    inTime(() => expect(performance.now() - started).toBeLessThan(3_000));
  },
  15_000,
);

timed(
  "SIGTERM: after drain-seconds it ends with viewers, who are told",
  async () => {
    server = await startProcess(["serve", "--drain-seconds", "1"]);
    await connect("publisher");
    const viewer = await connect("viewer");
    const started = performance.now();
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(900);
    inTime(() => expect(took).toBeLessThan(8_000));
    // DTLS close_notify, not silence.
    await until("the viewer knows", 1_000, () => viewer.peer.state === "closed");
  },
  15_000,
);

timed(
  "a second SIGTERM ends it at once",
  async () => {
    server = await startProcess(["serve", "--drain-seconds", "60"]);
    await connect("publisher");
    await connect("viewer");
    server.signal("SIGTERM");
    await told(server, '"Stopping"');
    // Whoever answers behind it minds the next signal.
    expect(await server.ready()).toBe(false);
    const started = performance.now();
    server.signal("SIGTERM");
    expect(await server.exited).toBe(1);
    inTime(() => expect(performance.now() - started).toBeLessThan(1_000));
  },
  15_000,
);

test("SIGHUP: tokens are read again, sessions stay, a mistake changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-hup-"));
  const file = join(folder, "spillway.toml");
  const write = (token: string) =>
    writeFileSync(file, `[[auth.tokens]]\ntoken = "${token}"\nrights = ["view"]\n`);
  const [old, fresh] = ["the-old-token-of-this-test", "the-new-token-of-this-test"];
  write(old);
  try {
    server = await startProcess(["serve", "--config", file]);
    const granted = async (token: string) => (await post(token)) !== 401;
    expect(await granted(old)).toBe(true);
    expect(await granted(fresh)).toBe(false);
    write(fresh);
    server.signal("SIGHUP");
    await until("the new one counts", 2_000, () => granted(fresh), server.logs);
    expect(await granted(old)).toBe(false);
    writeFileSync(file, "[[auth.tokens]\n");
    server.signal("SIGHUP");
    await told(server, "Reload failed");
    expect(await granted(fresh)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("demo: its publisher is not started again while it stops", async () => {
  server = await startProcess(["demo", "--drain-seconds", "2"]);
  const viewer = await Client.connect(server.base, "viewer", "demo");
  clients.push(viewer);
  // As Ctrl-C does: parent and child at once.
  const list = `cat /proc/${server.pid()}/task/*/children`;
  const child = Number(Bun.spawnSync(["sh", "-c", list]).stdout.toString());
  expect(child).toBeGreaterThan(0);
  process.kill(child, "SIGTERM");
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  expect(server.logs()).not.toContain("starting it again");
}, 80_000);
