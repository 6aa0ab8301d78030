/** `profile`: where the egress thread's time goes, by perf. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readMetrics } from "../../test/support/metrics.ts";
import {
  type Bench,
  fanoutArguments,
  type Row,
  type RunningServer,
  runLoad,
  startSpillway,
} from "./harness.ts";
import { JitSymbols } from "./jit-symbols.ts";
import { threadsOf } from "./pin.ts";

const VIEWERS = 400;
const BITRATE = 2_500_000;
const SAMPLES_PER_SECOND = 999;
const TOP = 10;

interface Sample {
  readonly entry: string;
  readonly library: string;
}

export const profile: Bench = {
  name: "profile",
  summary: "Where the egress thread's time goes, by function and by library (needs perf).",
  conditions: {
    source: "2.5 Mb/s at 30 fps in bursts, and Opus",
    viewers: VIEWERS,
    warmUp: "8 s of the same load",
    profiler: `perf record on the egress thread, ${SAMPLES_PER_SECOND} samples a second`,
    unnamed: "libcrypto's assembly has no symbols in Debian's package",
  },
  async run({ quick }, row) {
    if (Bun.which("perf") === null) {
      row({ note: "not measured: perf is not installed (Debian: apt-get install linux-perf)" });
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "spillway-profile-"));
    const server = await startSpillway(1, undefined, {
      BUN_JSC_useJITDump: "1",
      BUN_JSC_jitDumpDirectory: folder,
    });
    try {
      const warm = quick ? 3 : 8;
      const seconds = quick ? 2 : 8;
      const viewers = quick ? 100 : VIEWERS;
      const args = fanoutArguments(server, viewers, BITRATE, false, warm + seconds + 2);
      const load = runLoad(server, args);
      const measured = joined(server, viewers).then(async () => {
        await Bun.sleep(warm * 1000);
        return record(server.pid, seconds, folder);
      });
      const [samples] = await Promise.all([measured, load]);
      for (const line of summary(samples)) row(line);
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  },
};

async function joined(server: RunningServer, viewers: number): Promise<void> {
  const { origin } = new URL(server.whep(""));
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    if ((await readMetrics(origin)).sum("viewers") >= viewers) return;
    await Bun.sleep(200);
  }
  throw new Error("the viewers did not join within 30 s");
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
  const jit = new JitSymbols(folder);
  return text.split("\n").flatMap((line) => {
    const match = /^\s*([0-9a-f]+) (.*) \((.*)\)$/.exec(line);
    return match === null ? [] : [sampleOf(match[1]!, match[2]!, match[3]!, jit)];
  });
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

function sampleOf(address: string, symbol: string, object: string, jit: JitSymbols): Sample {
  const unknown = symbol === "[unknown]";
  // perf takes memory that belongs to no file for code of its map file.
  if (/^(\/tmp\/perf-\d+\.map|\/\/anon|anon_inode.*|\[anon.*)$/.test(object)) {
    const name = jit.nameOf(Number.parseInt(address, 16));
    return { entry: name ?? "(unnamed)", library: "JavaScript" };
  }
  const library = object.startsWith("[kernel")
    ? "kernel"
    : basename(object.replace(" (deleted)", ""));
  return {
    entry: unknown ? "(unnamed)" : symbol,
    library: library === "spillway" ? "Bun" : library,
  };
}

function summary(samples: readonly Sample[]): Row[] {
  const percent = (count: number) => Math.round((1000 * count) / samples.length) / 10;
  const functions = counted(samples.map(({ entry, library }) => `${library}\t${entry}`));
  const top = functions.slice(0, TOP).map(([key, count], index) => {
    const [library, entry] = key.split("\t");
    return { rank: index + 1, entry: entry!, library: library!, "%": percent(count) };
  });
  const libraries = counted(samples.map(({ library }) => library))
    .map(([library, count]) => ({ library, "%": percent(count) }))
    .filter((line) => line["%"] >= 0.1);
  return [...top, ...libraries, { samples: samples.length }];
}

/** How often each occurs, the most frequent first. */
function counted(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
