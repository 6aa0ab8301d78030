/** Crash drills: what a worker or the whole process takes with it, and how soon it is back. */
import { afterEach, expect, test } from "bun:test";
import { Client } from "../support/client.ts";
import { readMetrics } from "../support/metrics.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { told } from "../support/server-log.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const ARGS = ["serve", "--drills", "--ingest-workers", "1", "--egress-workers", "2"];
/** HEARTBEAT_TIMEOUT_MS, one look more, the end of the old thread and the start of the new. */
const REPLACED_MS = 2_000;
/** What `spillway install` writes as RestartSec. */
const RESTART_MS = 200;
const STREAM = "drill";

let server: ServerProcess;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) client.vanish();
  clients = [];
  await server.kill();
});

async function connect(kind: "publisher" | "viewer"): Promise<Client> {
  const client = await Client.connect(server.base, kind, STREAM);
  clients.push(client);
  return client;
}

/** A publisher and a viewer on each of the two egress workers, all playing. */
async function audience(): Promise<{ publisher: Client; viewers: readonly [Client, Client] }> {
  const publisher = await connect("publisher");
  const viewers = [await connect("viewer"), await connect("viewer")] as const;
  expect(viewers[0].candidate.port).not.toBe(viewers[1].candidate.port);
  for (const viewer of viewers) await plays(viewer);
  return { publisher, viewers };
}

async function plays(viewer: Client): Promise<void> {
  const seen = viewer.received.packets;
  await until("media comes", 2_000, () => viewer.received.packets > seen + 20);
}

async function drill(worker: number, kind: "throw" | "hang" | "block" | "segfault"): Promise<void> {
  const response = await fetch(`${server.base}/api/v1/drills`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ worker, kind }),
  });
  expect(response.status).toBe(204);
}

async function replaced(worker: string): Promise<void> {
  await until(`${worker} is replaced`, REPLACED_MS + 500, async () => {
    const metrics = await readMetrics(server.base);
    const label = `worker="${worker}"`;
    return metrics.sum("worker_restarts_total", label) === 1 && metrics.sum("worker_ready", label);
  });
}

/** Threads of the process by name: a thread that lives on would read its successor's sockets. */
function threads(name: string): number {
  const { stdout } = Bun.spawnSync(["sh", "-c", `cat /proc/${server.pid()}/task/*/comm`]);
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line === name).length;
}

for (const kind of ["throw", "hang"] as const) {
  timed(
    `an egress worker that ${kind}s costs its own viewers only`,
    async () => {
      server = await startProcess(ARGS);
      const { viewers } = await audience();
      const [hit, spared] = viewers;
      const lost = async () => {
        return (await readMetrics(server.base)).sum("sessions_ended_total", 'reason="worker-lost"');
      };
      const sent = async () => {
        const metrics = await readMetrics(server.base);
        const [copied, counted] = ["worker_datagrams_out_total", "worker_packets_out_total"];
        return [copied, counted].map((family) => metrics.sum(family, 'worker="egress-0"'));
      };
      const before = await sent();
      const started = performance.now();
      await drill(1, kind);
      await replaced("egress-0");
      inTime(() => expect(performance.now() - started).toBeLessThan(REPLACED_MS));
      expect(await lost()).toBe(1);
      // Its totals go on, whichever way they are counted.
      for (const [i, total] of (await sent()).entries()) {
        expect(total).toBeGreaterThanOrEqual(before[i]!);
      }
      expect(threads("egress")).toBe(2);
      // Its URL is gone, and a new POST works, on the new thread: the other one has a session.
      expect((await fetch(hit.url, { method: "PATCH" })).status).toBe(404);
      const again = await connect("viewer");
      expect(again.candidate.port).toBe(hit.candidate.port);
      await plays(again);
      await plays(spared);
      expect(spared.received.lost()).toBe(0);
      expect(spared.peer.state).toBe("connected");
    },
    15_000,
  );

  timed(
    `an ingest worker that ${kind}s costs its publishers; viewers wait and go on`,
    async () => {
      server = await startProcess(ARGS);
      const { viewers } = await audience();
      await drill(0, kind);
      await replaced("ingest-0");
      expect(threads("ingest")).toBe(1);
      await connect("publisher");
      for (const viewer of viewers) {
        await plays(viewer);
        expect(viewer.received.lost()).toBe(0);
        expect(viewer.peer.state).toBe("connected");
      }
      expect((await readMetrics(server.base)).sum("rings")).toBe(2);
    },
    15_000,
  );
}

test("of a worker that hangs nothing is told, of the others all is", async () => {
  server = await startProcess(ARGS);
  await audience();
  await drill(1, "hang");
  const response = await fetch(`${server.base}/api/v1/sessions`);
  const { sessions } = (await response.json()) as { sessions: { worker: string; tracks: [] }[] };
  const tracks = sessions.map(({ worker, tracks }) => [worker, tracks.length > 0]);
  expect(tracks.sort()).toEqual([
    ["egress-0", false],
    ["egress-1", true],
    ["ingest-0", true],
  ]);
}, 60_000);

test("a worker that dies again and again keeps no file open", async () => {
  server = await startProcess(ARGS);
  const files = () => {
    const { stdout } = Bun.spawnSync(["ls", `/proc/${server.pid()}/fd`]);
    return stdout.toString().trim().split("\n").length;
  };
  const restarts = async () => (await readMetrics(server.base)).sum("worker_restarts_total");
  const before = files();
  for (let round = 1; round <= 3; round += 1) {
    await drill(2, "throw");
    await until("it is replaced", 3_000, async () => {
      return (await restarts()) === round && (await server.ready());
    });
  }
  await until("files are closed", 2_000, () => files() <= before, files);
}, 60_000);

test("a thread that cannot be ended ends the process, with a word in the log", async () => {
  server = await startProcess(ARGS);
  await drill(1, "block");
  const code = await until("it exits", 6_000, () => {
    return Promise.race([server.exited, Bun.sleep(50).then(() => null)]);
  });
  expect(code).toBe(1);
  await told(server, "Worker cannot be ended, ending the process");
}, 60_000);

timed(
  "SIGSEGV under a supervisor: ready again in 2 s on the same ports, clients come back",
  async () => {
    server = await startProcess(ARGS, RESTART_MS);
    const { publisher, viewers } = await audience();
    const pid = server.pid();
    const killed = performance.now();
    await fetch(`${server.base}/api/v1/drills`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ worker: 0, kind: "segfault" }),
    }).catch(() => "the answer may not make it");
    await until("another process is ready", 5_000, async () => {
      return server.pid() !== pid && (await server.ready());
    });
    inTime(() => expect(performance.now() - killed).toBeLessThan(2_000));
    const again = await connect("publisher");
    const viewer = await connect("viewer");
    expect(again.candidate.port).toBe(publisher.candidate.port);
    expect(viewers.map(({ candidate }) => candidate.port)).toContain(viewer.candidate.port);
    await plays(viewer);
    expect(viewer.received.lost()).toBe(0);
  },
  20_000,
);
