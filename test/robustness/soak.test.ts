/**
 * Viewers join and leave at 20 a second while others stay: those lose nothing, and what the comers
 * took comes back. `bun run bench soak` does it for a quarter of an hour and looks at the memory.
 */
import { afterEach, beforeEach, expect } from "bun:test";
import { readdirSync } from "node:fs";
import type { LoadReport } from "../../src/load/report.ts";
import { binary } from "../support/binary.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const RATE = 20;
const SECONDS = 8;
const HOLD_SECONDS = 2;
const STAYING = 6;
/** Publisher and those who stay: from before the first comer until the last has gone. */
const STAY_SECONDS = SECONDS + HOLD_SECONDS + 5;
const HELD = ["streams", "publishers", "viewers", "rings", "ring_bytes", "worker_sessions"];

let server: TestServer;
const tools: { kill(): void }[] = [];
// For each run: a repeated one finds nothing of the one before.
beforeEach(async () => {
  server = await startServer("serve", { args: ["--ingest-workers", "1", "--egress-workers", "2"] });
}, SETUP_MS);
afterEach(async () => {
  for (const tool of tools.splice(0)) tool.kill();
  await server?.stop();
});

async function load(...args: string[]): Promise<LoadReport> {
  const child = Bun.spawn([await binary(), "load", ...args, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  tools.push(child);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  expect(err).toBe("");
  return JSON.parse(out) as LoadReport;
}

async function state() {
  const metrics = await readMetrics(server.base);
  return {
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    held: Object.fromEntries(HELD.map((family) => [family, metrics.sum(family)])),
  };
}

timed(
  "20 joins and 20 leaves a second leave nothing, and nobody else notices",
  async () => {
    const whep = `${server.base}/whep/soak`;
    const staying = load(
      ...[whep, "--publish", `${server.base}/whip/soak`, "--bitrate", "200k", "--spread", "15"],
      ...["--viewers", String(STAYING), "--sample", "1", "--duration", String(STAY_SECONDS)],
    );
    // Awaited at the end; a run that fails before that ends it.
    staying.catch(() => undefined);
    const viewers = async () => (await readMetrics(server.base)).sum("viewers");
    await until("the first are in", 10_000, async () => (await viewers()) === STAYING);
    await Bun.sleep(500);
    const before = await state();
    const coming = load(
      ...[whep, "--viewers", String(RATE * SECONDS), "--rate", String(RATE), "--sample", "10"],
      ...["--hold", String(HOLD_SECONDS), "--duration", String(SECONDS + HOLD_SECONDS)],
    );
    await until("many are in", 10_000, async () => (await viewers()) > STAYING + RATE);
    const came = await coming;
    // A machine that others have is overloaded, and says so to newcomers.
    inTime(() => {
      expect(came.join.failures).toEqual({});
      expect(came.join).toMatchObject({ attempted: RATE * SECONDS, connected: RATE * SECONDS });
    });
    expect(came.quality).toMatchObject({ lost: 0, duplicates: 0, malformed: 0 });
    // While the others are still there: an end of the stream would take everything with it.
    const back = async () => {
      const { files, held } = await state();
      // An idle HTTP connection of those who stay may have been closed meanwhile.
      return files <= before.files && Bun.deepEquals(held, before.held);
    };
    await until("all of them have gone", 5_000, back, async () => [before, await state()]);
    expect((await readMetrics(server.base)).sum("worker_restarts_total")).toBe(0);
    const stayed = await staying;
    expect(stayed.join).toMatchObject({ connected: STAYING, failed: 0 });
    expect(stayed.quality).toMatchObject({ lost: 0, duplicates: 0, authFailures: 0, malformed: 0 });
    expect(stayed.sample.framesBroken + stayed.sample.stampBreaks).toBe(0);
  },
  60_000,
);
