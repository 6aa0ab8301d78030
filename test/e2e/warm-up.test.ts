/** A server that warms up before it is ready, as at users'. */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { binary } from "../support/binary.ts";
import { Client } from "../support/client.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** Processor time of a worker up to the rehearsal, and behind it, ms: more on a machine without caches. */
const REST_MAX_MS = 200;
const WARM_UP_MAX_MS = 500;

let server: TestServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

/** Processor time of the threads of a name so far, ms. */
function ranMs(name: string): number[] {
  const tasks = `/proc/${server!.pid}/task`;
  const read = (task: string, file: string) => readFileSync(`${tasks}/${task}/${file}`, "utf8");
  return readdirSync(tasks)
    .filter((task) => read(task, "comm").trim() === name)
    .map((task) => Number(read(task, "schedstat").split(" ")[0]) / 1e6);
}

test(
  "each thread takes its time for it and no more, and nothing of it is seen",
  async () => {
    const args = ["--egress-workers", "2", "--wait-for-stream"];
    server = await startServer("serve", { args, warmUp: true });
    const workers = [...ranMs("ingest"), ...ranMs("egress")];
    expect(workers).toHaveLength(3);
    for (const ms of workers) {
      expect(ms).toBeGreaterThan(80);
      expect(ms).toBeLessThan(WARM_UP_MAX_MS + REST_MAX_MS);
    }
    const metrics = await readMetrics(server.base);
    for (const counted of ["joins", "packets_out", "packets_in", "datagrams_in", "faults"]) {
      expect(metrics.sum(`worker_${counted}_total`), counted).toBe(0);
    }
    // The packager, too: it has nothing to warm up, since it serves nobody.
    expect(metrics.sum("worker_ready")).toBe(4);
    for (const held of ["rings", "streams", "publishers", "viewers", "sessions_connected_total"]) {
      expect(metrics.sum(held), held).toBe(0);
    }
    expect(metrics.sum("http_requests_total", 'route="wh')).toBe(0);
    expect(server.logs()).not.toContain("warm up");
    const publisher = await Client.connect(server.base, "publisher", "live");
    const viewer = await Client.connect(server.base, "viewer", "live");
    await until("media comes", 10_000, () => viewer.received.packets > 20);
    viewer.vanish();
    publisher.vanish();
  },
  SETUP_MS,
);

test(
  "a worker that takes the place of a dead one warms up, too",
  async () => {
    const args = ["--egress-workers", "1", "--drills"];
    server = await startServer("serve", { args, warmUp: true });
    const body = JSON.stringify({ worker: 1, kind: "throw" });
    const headers = { "Content-Type": "application/json" };
    const { base } = server;
    await fetch(`${base}/api/v1/drills`, { method: "POST", headers, body });
    const label = 'worker="egress-0"';
    await until("it is replaced", 10_000, async () => {
      const metrics = await readMetrics(base);
      const restarts = metrics.sum("worker_restarts_total", label);
      return restarts === 1 && metrics.sum("worker_ready", label) === 1;
    });
    const [successor] = ranMs("egress");
    expect(successor).toBeGreaterThan(80);
    expect(server.logs()).not.toContain("was late");
  },
  SETUP_MS,
);

test(
  "a signal in the midst of it ends the server as ever",
  async () => {
    const flags = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--log-format", "json"];
    const child = Bun.spawn([await binary(), "serve", ...flags], { cwd: "/", stderr: "pipe" });
    let logs = "";
    let asked = false;
    try {
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        logs += text;
        if (!logs.includes('"message":"Serving"') || asked) continue;
        asked = true;
        const [, port] = /"http":"127\.0\.0\.1:(\d+)"/.exec(logs)!;
        const response = await fetch(`http://127.0.0.1:${port}/readyz`);
        expect(response.status).toBe(503);
        child.kill("SIGTERM");
      }
      expect(await child.exited).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
    expect(logs).toContain('"message":"Stopped"');
    expect(logs).not.toContain("warm up");
  },
  SETUP_MS,
);
