/** O1: worker threads that get no processor, for real. */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { Client } from "../support/client.ts";
import { readMetrics } from "../support/metrics.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const ARGS = ["serve", "--wait-for-stream", "--ingest-workers", "1", "--egress-workers", "2"];
/** Beyond HEARTBEAT_TIMEOUT_MS and one look, by far. */
const STARVED_SECONDS = 3;
const LOOPS = 4;
const ROUNDS_MAX = 4;

const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"));
const tools = ["chrt", "taskset", "timeout"].every((tool) => Bun.which(tool) !== null);

let server: ServerProcess;
let viewer: Client | null = null;

afterEach(async () => {
  viewer?.vanish();
  viewer = null;
  // A thread of the idle class needs the processor to end, too.
  if (tools) for (const thread of threads("egress")) run("chrt", "-o", "-p", "0", thread);
  await server.kill();
});

/** The kernel's numbers of the process's threads of this name. */
function threads(name: string): string[] {
  const folder = `/proc/${server.pid()}/task`;
  return readdirSync(folder).filter(
    (task) => readFileSync(`${folder}/${task}/comm`, "utf8").trim() === name,
  );
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = Bun.spawnSync([command, ...args], { stderr: "pipe" });
  if (!success) throw new Error(`${command}: ${stderr}`);
}

test.skipIf(!tools)(
  "O1: a worker that gets no processor keeps its sessions, and the log says who had it",
  async () => {
    server = await startProcess(ARGS);
    viewer = await Client.connect(server.base, "viewer", "starved");
    // Beside loops of ordinary weight on the same core a thread of the idle class gets next to nothing.
    const core = allowed![1]!;
    for (const thread of threads("egress")) {
      run("taskset", "-p", "-c", core, thread);
      run("chrt", "-i", "-p", "0", thread);
    }
    const busy = [
      "taskset",
      "-c",
      core,
      "timeout",
      String(STARVED_SECONDS),
      "sh",
      "-c",
      "while :; do :; done",
    ];
    const late = "Worker was late: it got no processor";
    const said = () => server.logs().includes(late);
    // Even the idle class gets a slice now and then, and a beat with it: then they starve anew.
    for (let round = 0; round < ROUNDS_MAX && !said(); round += 1) {
      const loops = Array.from({ length: LOOPS }, () => Bun.spawn(busy));
      await Promise.all(loops.map(({ exited }) => exited));
    }
    const line = await told(server, late);
    expect(line).toMatch(/"others":"\d+ %"/);
    expect(line).toMatch(/"most":"[^"]+ \(\d+\) \d+ %/);
    expect(server.logs()).not.toContain("Worker lost");
    const metrics = await readMetrics(server.base);
    expect(metrics.sum("worker_restarts_total")).toBe(0);
    expect(metrics.sum("worker_starved_total")).toBeGreaterThan(0);
    // The kernel counts a wait when it is over, and control reads it at its next look.
    const waited = async () =>
      (await readMetrics(server.base)).sum("worker_waited_seconds_total", 'worker="egress-');
    // Either of the two may be the one that was late for a second; some of it may be blocked or stolen.
    await until("the waiting is counted", 5_000, async () => (await waited()) > 0.5, waited);
    expect(metrics.sum("sessions_ended_total")).toBe(0);
    expect(viewer.peer.state).toBe("connected");
  },
  60_000,
);

test("O1: a process that was stopped for a while goes on with all its workers", async () => {
  server = await startProcess(ARGS);
  viewer = await Client.connect(server.base, "viewer", "stopped");
  server.signal("SIGSTOP");
  await Bun.sleep(2_500);
  server.signal("SIGCONT");
  await until("it answers", 10_000, () => server.ready());
  await Bun.sleep(1_500);
  expect(server.logs()).not.toContain("Worker lost");
  expect((await readMetrics(server.base)).sum("worker_restarts_total")).toBe(0);
  expect(viewer.peer.state).toBe("connected");
}, 240_000);
