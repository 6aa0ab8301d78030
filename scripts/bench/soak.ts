/**
 * `soak`: viewers join and leave for a long time, and memory stays flat. SOAK_SECONDS sets how long.
 */
import { readdirSync } from "node:fs";
import { readProcessUsage } from "../../src/io/process-usage.ts";
import { readMetrics } from "../../test/support/metrics.ts";
import { type Bench, type RunningServer, runLoad, startSpillway } from "./harness.ts";

const RATE = 20;
const HOLD_SECONDS = 5;
const BITRATE = 200_000;
const SAMPLE_MS = 5_000;
/** Of the last viewers' leaving and of what lives a few seconds longer. */
const SETTLE_MS = 12_000;
const MIB = 2 ** 20;

/**
 * What a join may add to memory for good. The collectors' saw-tooth is 20 MiB high and 2,500 joins
 * long: over half of 15 minutes that leaves the slope a doubt of some 0.3 KiB a join; within half of
 * a minute it is all slope, and only lost sessions show (40 KiB of DTLS, 40 of JavaScript).
 */
const KIB_PER_JOIN_MAX = { full: 1, quick: 40 };

interface Sample {
  readonly seconds: number;
  readonly rss: number;
  readonly files: number;
  readonly sessions: number;
  readonly rings: number;
  /** Sessions of each worker. */
  readonly workers: string;
  readonly restarts: number;
}

export const soak: Bench = {
  name: "soak",
  summary: "20 joins and 20 leaves a second for 15 minutes.",
  conditions: {
    source: "200 kb/s at 30 fps and Opus",
    viewers: `${RATE}/s, each leaves by DELETE after ${HOLD_SECONDS} s`,
    flat: "slope of the memory over the second half, divided by the joins of that time",
  },
  async run({ quick }, row) {
    const seconds = Number(process.env.SOAK_SECONDS ?? (quick ? 60 : 15 * 60));
    const server = await startSpillway(2);
    try {
      // The publisher outlives the viewers: its end would hide what they leave behind.
      const publishing = runLoad(server, publisherArguments(server, seconds));
      await Bun.sleep(2_000);
      const origin = performance.now();
      const before = await sample(server, origin);
      row(rowOf(before));
      const samples: Sample[] = [];
      let over = false;
      const load = runLoad(server, viewerArguments(server, seconds)).finally(() => {
        over = true;
      });
      while (!over) {
        await Promise.race([Bun.sleep(SAMPLE_MS), load]);
        samples.push(await sample(server, origin));
        row(rowOf(samples.at(-1)!));
      }
      const report = await load;
      await Bun.sleep(SETTLE_MS);
      const after = await sample(server, origin);
      row(rowOf(after));
      const half = samples.filter((one) => one.seconds >= seconds / 2 && one.seconds <= seconds);
      const kibPerJoin = slopeOf(half) / RATE / 1024;
      const limit = seconds >= 10 * 60 ? KIB_PER_JOIN_MAX.full : KIB_PER_JOIN_MAX.quick;
      const returned =
        after.sessions === before.sessions &&
        after.rings === before.rings &&
        after.files <= before.files &&
        after.restarts === 0;
      const flat = kibPerJoin <= limit && returned;
      row({
        joined: report.join.connected,
        failed: report.join.failed,
        "KiB/join": Math.round(kibPerJoin * 100) / 100,
        limit,
        "MiB/min": Math.round((slopeOf(half) * 6000) / MIB) / 100,
        "MiB added": mib(after.rss - before.rss),
        "files added": after.files - before.files,
        returned,
        flat,
      });
      if (!flat || report.join.failed > 0) process.exitCode = 1;
      await publishing;
    } finally {
      await server.stop();
    }
  },
};

function publisherArguments(server: RunningServer, seconds: number): string[] {
  const lasts = seconds + (HOLD_SECONDS * 1000 + SETTLE_MS) / 1000 + 10;
  return ["--publish", server.whip("soak"), "--bitrate", String(BITRATE), "--duration", `${lasts}`];
}

/** Joins go on for `seconds`; the measured time ends when the last have left. */
function viewerArguments(server: RunningServer, seconds: number): string[] {
  return [
    server.whep("soak"),
    ...["--viewers", String(RATE * seconds), "--rate", String(RATE)],
    ...["--hold", String(HOLD_SECONDS), "--duration", String(seconds + HOLD_SECONDS)],
    ...["--sample", "100"],
  ];
}

async function sample(server: RunningServer, origin: number): Promise<Sample> {
  const metrics = await readMetrics(new URL(server.whep("soak")).origin);
  const usage = readProcessUsage(server.pid);
  if (usage === null) throw new Error("the server has ended");
  const workers = ["ingest-0", "egress-0", "egress-1"];
  return {
    seconds: Math.round((performance.now() - origin) / 100) / 10,
    rss: usage.rssBytes,
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    sessions: metrics.sum("viewers") + metrics.sum("publishers"),
    rings: metrics.sum("rings"),
    workers: workers.map((name) => metrics.sum("worker_sessions", `worker="${name}"`)).join("+"),
    restarts: metrics.sum("worker_restarts_total"),
  };
}

function rowOf({ rss, ...sampled }: Sample) {
  return { ...sampled, MiB: mib(rss) };
}

function mib(bytes: number): number {
  return Math.round((bytes * 10) / MIB) / 10;
}

/** Bytes a second, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (pick: (one: Sample) => number): number =>
    samples.reduce((sum, one) => sum + pick(one), 0) / samples.length;
  const time = mean((one) => one.seconds);
  const rss = mean((one) => one.rss);
  const spread = mean((one) => (one.seconds - time) ** 2);
  return mean((one) => (one.seconds - time) * (one.rss - rss)) / spread;
}
