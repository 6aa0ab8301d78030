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
 * What a join may add to memory for good. The collectors' saw-tooth is 30 MiB high and up to 10,000
 * joins long, so that a slope through all of it says nothing; what stays shows in its troughs. 30,000
 * joins in 200 s: after the first 6,000 the least of each 20 s was 90 to 112 MiB, in no order. Within
 * half of a minute there is no trough: only lost sessions show (40 KiB of DTLS, 40 of JavaScript).
 */
const KIB_PER_JOIN_MAX = { full: 1, quick: 40 };
/** Until compiled code and pools have their size, as a share of the time; the rest has two parts. */
const WARM_UP = 0.25;

interface Sample {
  readonly seconds: number;
  readonly rss: number;
  /** Without the pages of files. */
  readonly heap: number;
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
    flat: "the least memory (RssAnon) of the last three eighths, less that of the three before, by the joins between",
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
      const kibPerJoin = keptPerJoin(samples, seconds) / 1024;
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
        "MiB added": mib(after.heap - before.heap),
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
    heap: usage.heapBytes,
    files: readdirSync(`/proc/${server.pid}/fd`).length,
    sessions: metrics.sum("viewers") + metrics.sum("publishers"),
    rings: metrics.sum("rings"),
    workers: workers.map((name) => metrics.sum("worker_sessions", `worker="${name}"`)).join("+"),
    restarts: metrics.sum("worker_restarts_total"),
  };
}

function rowOf({ rss, heap, ...sampled }: Sample) {
  return { ...sampled, MiB: mib(rss), "heap MiB": mib(heap) };
}

function mib(bytes: number): number {
  return Math.round((bytes * 10) / MIB) / 10;
}

/** Bytes that a join leaves, by the troughs of two parts of the time. */
function keptPerJoin(samples: readonly Sample[], seconds: number): number {
  const half = (1 - WARM_UP) / 2;
  const least = (from: number): number =>
    Math.min(
      ...samples
        .filter((one) => one.seconds >= from * seconds && one.seconds <= (from + half) * seconds)
        .map((one) => one.heap),
    );
  return (least(WARM_UP + half) - least(WARM_UP)) / (half * seconds * RATE);
}
