/** `profile`: where the egress thread's time goes, by perf. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMetrics } from "../../test/support/metrics.ts";
import {
  type Bench,
  fanoutArguments,
  type RunningServer,
  runLoad,
  startSpillway,
} from "./harness.ts";
import { JitSymbols } from "./jit-symbols.ts";
import { readSamples, type Sample, summary } from "./perf-samples.ts";
import { threadsOf } from "./pin.ts";

const VIEWERS = 400;
const BITRATE = 2_500_000;
const SAMPLES_PER_SECOND = 999;
/** A server that writes down its compiled code, and is cold, refuses a crowd of newcomers. */
const JOINS_PER_SECOND = 40;
/** Whoever has not come by then was refused. */
const PATIENCE_MS = 5_000;

export const profile: Bench = {
  name: "profile",
  summary: "Where the egress thread's time goes: functions, libraries, user, kernel (needs perf).",
  conditions: {
    source: "30 fps in bursts, and Opus",
    joins: `${JOINS_PER_SECOND} a second; refused ones are left out: "viewers" are those who are in`,
    warmUp: "8 s of the same load",
    profiler: `perf record on the egress thread, ${SAMPLES_PER_SECOND} samples a second`,
    unnamed: "libcrypto's assembly has no symbols in Debian's package",
  },
  async run(options, row) {
    if (Bun.which("perf") === null) {
      row({ note: "not measured: perf is not installed (Debian: apt-get install linux-perf)" });
      return;
    }
    const { quick } = options;
    const folder = mkdtempSync(join(tmpdir(), "spillway-profile-"));
    const server = await startSpillway(1, undefined, {
      BUN_JSC_useJITDump: "1",
      BUN_JSC_jitDumpDirectory: folder,
    });
    try {
      const warm = quick ? 3 : 8;
      const seconds = quick ? 2 : 8;
      const viewers = options.viewers ?? (quick ? 100 : VIEWERS);
      const bitrate = options.bitrate ?? BITRATE;
      const duration = PATIENCE_MS / 1000 + warm + seconds + 2;
      const args = fanoutArguments(server, viewers, bitrate, false, duration);
      const load = runLoad(server, [...args, "--rate", String(JOINS_PER_SECOND)]);
      const measured = joined(server, viewers).then(async (count) => {
        await Bun.sleep(warm * 1000);
        return { count, samples: await record(server.pid, seconds, folder) };
      });
      const [{ count, samples }] = await Promise.all([measured, load]);
      row({ viewers: count, asked: viewers, mbps: bitrate / 1e6 });
      for (const line of summary(samples)) row(line);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  },
};

/** Waits until all are in, or nobody has come for a while. Returns how many are; throws when none is. */
async function joined(server: RunningServer, viewers: number): Promise<number> {
  const { origin } = new URL(server.whep(""));
  let count = 0;
  let risen = performance.now();
  while (count < viewers && performance.now() < risen + PATIENCE_MS) {
    await Bun.sleep(200);
    const present = (await readMetrics(origin)).sum("viewers");
    if (present > count) risen = performance.now();
    count = Math.max(count, present);
  }
  if (count === 0) throw new Error(`no viewer joined within ${PATIENCE_MS / 1000} s`);
  return count;
}

/** Throws with perf's words when it is not allowed to look. */
async function record(pid: number, seconds: number, folder: string): Promise<Sample[]> {
  const data = join(folder, "perf.data");
  const [thread] = threadsOf(pid, "egress");
  if (thread === undefined) throw new Error("the server has no thread called egress");
  const frequency = String(SAMPLES_PER_SECOND);
  const order = ["record", "-q", "-t", thread, "-F", frequency, "-o", data];
  await perf([...order, "--", "sleep", String(seconds)]);
  const text = await perf(["script", "-i", data, "-F", "ip,sym,dso"]);
  return readSamples(text, new JitSymbols(folder));
}

async function perf(args: readonly string[]): Promise<string> {
  const child = Bun.spawn(["perf", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`perf ${args[0]}: ${err.trim()}`);
  return out;
}
