/** `tail`: what the crowd's tier costs beside real time: cutting, giving out, what is broken off, memory. */
import { resolve } from "node:path";
import { readTreeUsage } from "../../src/io/process-usage.ts";
import { readMetrics } from "../../test/support/metrics.ts";
import { until } from "../../test/support/until.ts";
import {
  type Bench,
  type Row,
  type RunningServer,
  reportOf,
  runLoad,
  sourceArguments,
  startPublishers,
  startSpillway,
  WARMED_UP,
  warmUp,
} from "./harness.ts";
import { median } from "./median.ts";
import { LOAD_CORE, pinned, threadTimeUs } from "./pin.ts";
import type { CrowdReport } from "./tail-crowd.ts";
import { openMedia } from "./tail-player.ts";

const BITRATE = 2_500_000;
const LAYERS = 3;
const SOURCE = [...sourceArguments(BITRATE, true), "--layers", String(LAYERS)];
const STREAMS = [1, 8];
const PLAYERS = 500;
const JOIN_RATE = 20;
const RUNS = 5;
const RUN_SECONDS = 15;
const BLOCKED = 1_000;
const HOURS = 12;
/** Players have found their place, and joiners have not begun. */
const SETTLE_MS = 4_000;
/** The packager's code is compiled. */
const WARM_UP_MS = 8_000;

export const tail: Bench = {
  name: "tail",
  summary: "LL-HLS: CPU a rendition and of 500 players, joins beside them, 12 hours of memory.",
  conditions: {
    source: `H.264 of ${BITRATE / 1e6} Mb/s at 30 fps in ${LAYERS} layers, and Opus; packets of a frame over 15 ms`,
    "core/rendition": "processor time of the packager's thread, parts of 0.5 s",
    players: `${PLAYERS} ask the server itself for each playlist and part of the smallest rendition`,
    "server cores": "of the whole process; joins and their packets are in it both times",
    joins: `${JOIN_RATE} viewers a second, each stays a second; beside the players and without them in turn`,
    runs: `${RUNS} of each, then their median`,
    blocked: `requests for a part that comes in seconds, all of them broken off`,
    hours: "rings, packager and control's files of one rendition and sound, in virtual time",
    dvr: "the same with a window of 12 hours: control's processor time a part, a delta update, a whole playlist",
    warmUp: WARMED_UP,
  },
  async run({ quick }, row) {
    for (const streams of quick ? [1] : STREAMS) {
      await withStreams(streams, async (server) => row(await remuxed(server, streams, quick)));
    }
    await withStreams(1, async (server) => {
      await warmUp(server, BITRATE, true, quick);
      await besides(server, quick, row);
      row(await brokenOff(server));
    });
    for (const more of [[], ["dvr"]]) await hours([String(quick ? 1 : HOURS), ...more], row);
  },
};

/** Streams tail1 and so on. */
async function withStreams(
  streams: number,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startSpillway(1, undefined, { SPILLWAY_HLS: "always" });
  const publishers = startPublishers(server, "tail{n}", streams, SOURCE);
  try {
    const live = async () => (await tailsOf(server)) === streams;
    await until("all tails are cut", 20_000, live);
    await use(server);
  } finally {
    await publishers.stop();
    await server.stop();
  }
}

async function tailsOf(server: RunningServer): Promise<number> {
  return (await readMetrics(originOf(server))).sum("hls_tails", 'state="live"');
}

/** What one rendition takes of a core. */
async function remuxed({ pid }: RunningServer, streams: number, quick: boolean): Promise<Row> {
  const seconds = quick ? 5 : 30;
  await Bun.sleep(quick ? 1_000 : WARM_UP_MS);
  const before = threadTimeUs(pid, "packager");
  await Bun.sleep(seconds * 1000);
  const cores = (threadTimeUs(pid, "packager") - before) / 1e6 / seconds;
  return {
    streams,
    renditions: streams * LAYERS,
    "packager cores": round(cores),
    "core/rendition": round(cores / (streams * LAYERS)),
  };
}

/** Joins with and without a crowd of players. */
async function besides(
  server: RunningServer,
  quick: boolean,
  row: (row: Row) => void,
): Promise<void> {
  const runs: { readonly players: number; readonly figures: Row }[] = [];
  for (let run = 1; run <= (quick ? 1 : RUNS); run += 1) {
    // In turn, and the other one first each time.
    const order = run % 2 === 1 ? [0, PLAYERS] : [PLAYERS, 0];
    for (const players of order) {
      const figures = await beside(server, players, quick ? 5 : RUN_SECONDS);
      runs.push({ players, figures });
      row({ players, run, ...figures });
    }
  }
  for (const players of [0, PLAYERS]) {
    const own = runs.filter((each) => each.players === players).map(({ figures }) => figures);
    const names = Object.keys(own[0]!);
    const medians = names.map((name) => [name, median(own.map((each) => Number(each[name])))]);
    row({ players, run: "median", ...Object.fromEntries(medians) });
  }
}

async function beside(server: RunningServer, players: number, seconds: number): Promise<Row> {
  const playing = players === 0 ? null : crowd(server, players, seconds + SETTLE_MS / 1000);
  await Bun.sleep(SETTLE_MS);
  const before = readTreeUsage(server.pid)!;
  const began = performance.now();
  const joined = await runLoad(server, [
    server.whep("tail1"),
    ...["--viewers", String(JOIN_RATE * (seconds - 2)), "--rate", String(JOIN_RATE)],
    ...["--hold", "1", "--duration", String(seconds - 2)],
  ]);
  const cpu = readTreeUsage(server.pid)!.cpuSeconds - before.cpuSeconds;
  const cores = cpu / ((performance.now() - began) / 1000);
  const came = await playing;
  return {
    "server cores": round(cores),
    "join p50": joined.join.connectMs?.p50 ?? Number.NaN,
    "join p99": joined.join.connectMs?.p99 ?? Number.NaN,
    "joins failed": joined.join.failed,
    "requests/s": came === null ? 0 : round(came.requests / came.seconds),
    "not 200": came?.refused ?? 0,
    "part p50 ms": round(came?.partMs.p50 ?? 0),
    "part p99 ms": round(came?.partMs.p99 ?? 0),
  };
}

/** Players in a process of their own, on the load's core. */
async function crowd(
  server: RunningServer,
  players: number,
  seconds: number,
): Promise<CrowdReport> {
  const script = resolve(import.meta.dir, "tail-crowd.ts");
  const args = [script, indexOf(server), String(players), String(seconds)];
  // Bun's fetch has 256 requests at once otherwise.
  const many = `BUN_CONFIG_MAX_HTTP_REQUESTS=${2 * players}`;
  const command = pinned(LOAD_CORE, ["env", many, process.execPath, ...args]);
  return (await reportOf(command)) as CrowdReport;
}

/** Requests that wait and are given up. By sockets: fetch has 256 of them at once. */
async function brokenOff(server: RunningServer): Promise<Row> {
  const { media, msn } = await openMedia(indexOf(server));
  const waiting = async () => (await readMetrics(originOf(server))).sum("hls_waiting");
  const head = `GET ${media.pathname}?_HLS_msn=${msn + 1} HTTP/1.1\r\nHost: ${media.host}\r\n\r\n`;
  const asked = await Promise.all(
    Array.from({ length: BLOCKED }, () => {
      const socket = { open: (one: Bun.Socket) => void one.write(head), data: () => {} };
      return Bun.connect({ hostname: media.hostname, port: Number(media.port), socket });
    }),
  );
  const most = await until("they wait", 5_000, async () => {
    const now = await waiting();
    return now >= BLOCKED && now;
  });
  for (const socket of asked) socket.terminate();
  await until("the server has heard of it", 5_000, async () => (await waiting()) === 0);
  return { blocked: most, "left after the abort": await waiting() };
}

/** Memory of a process that cuts for hours, and what it took; with playlists of as many, too. */
async function hours(args: readonly string[], row: (row: Row) => void): Promise<void> {
  const script = resolve(import.meta.dir, "tail-hours.ts");
  const rows = (await reportOf(pinned(LOAD_CORE, [process.execPath, script, ...args]))) as Row[];
  for (const each of rows) row(each);
}

function indexOf(server: RunningServer): string {
  return `${originOf(server)}/hls/tail1/index.m3u8`;
}

function originOf(server: RunningServer): string {
  return new URL(server.whep("tail1")).origin;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
