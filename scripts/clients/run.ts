/** Inside the server's namespace: the server, Chromium beside it, one client after the other. */
import { resolve } from "node:path";
import { TestBrowser } from "../../test/support/browser.ts";
import { until } from "../../test/support/until.ts";
import { describeRun, EXECUTABLE, type Row, startServer } from "../bench/harness.ts";
import { RESULTS } from "../bench/results.ts";
import { feedCommand, type Places, PROGRAMS, type Program, type Role } from "./programs.ts";
import { RunningClient, startIn } from "./running.ts";

/** What scripts/clients.ts orders. */
interface Job {
  readonly places: Places;
  readonly names: readonly string[];
  readonly seconds: number;
  /** All clients: the result is stored. */
  readonly all: boolean;
  /** The clients' namespace. */
  readonly far: string;
  /** The server's address there. */
  readonly near: string;
}

interface Track {
  readonly kind: string;
  readonly packets: number;
  readonly packetsLost: number;
  readonly height: number | null;
}
interface Session {
  readonly kind: string;
  readonly stream: string;
  readonly state: string;
  readonly connectedSeconds: number;
  readonly tracks: readonly Track[];
}
const HTTP_PORT = 8080;
const BASE = `http://127.0.0.1:${HTTP_PORT}`;
/** What Chromium publishes for those who watch: three layers of VP8. */
const LAYERED = { codec: "vp8", layers: "simulcast-3", width: 960, height: 540, fps: 25 } as const;
const TOP_MS = 60_000;
const SAMPLE_MS = 200;
/** A session without DELETE ends after half a minute; with it, at once. */
const GONE_MS = 3_000;
const START_MS = 20_000;
/** A client that is not through so long after its time hangs. */
const PATIENCE_MS = 10_000;

const job = JSON.parse(process.argv[2]!) as Job;
const { places, seconds } = job;
const server = await startServer({
  command: [
    ...[EXECUTABLE, "serve", "--http", `0.0.0.0:${HTTP_PORT}`, "--media", "0.0.0.0:9000"],
    ...["--insecure", "--drain-seconds", "0", "--log-level", "warn"],
  ],
  cores: "0-1",
  probe: `${BASE}/readyz`,
  whip: (stream) => `http://${job.near}:${HTTP_PORT}/whip/${stream}`,
  whep: (stream) => `http://${job.near}:${HTTP_PORT}/whep/${stream}`,
});
const browser = await TestBrowser.open();
const rows: Row[] = [];
try {
  const programs = PROGRAMS.filter(({ name }) => job.names.includes(name));
  for (const program of programs) if (program.roles.includes("publish")) await publishing(program);
  const publisher = await browser.publish(BASE, "layers", LAYERED);
  await publisher.live();
  await until("the top layer flows", TOP_MS, async () => (await topHeight()) === LAYERED.height);
  for (const program of programs) if (program.roles.includes("view")) await viewing(program);
} finally {
  await browser.close();
  await server.stop();
}
const bench = {
  name: "clients",
  summary: "",
  conditions: {
    path: "a virtual cable between two namespaces, without loss; server, Chromium and clients share all cores",
    publishing: "640x360 at 30/s, about 1 Mb/s, and Opus, watched by Chromium",
    viewing: `Chromium's ${LAYERED.layers} of VP8, ${LAYERED.width}x${LAYERED.height} at ${LAYERED.fps}/s`,
    seconds,
    pinning: "none",
  },
  run: async () => undefined,
};
const result = describeRun(bench, "npm run clients", rows);
console.log(JSON.stringify(result));
if (job.all) {
  await Bun.write(resolve(RESULTS, "clients.json"), `${JSON.stringify(result, null, 2)}\n`);
}
process.exit(0);

/** The client publishes and Chromium watches. */
async function publishing(program: Program): Promise<void> {
  const stream = program.name.toLowerCase().replace(/\W+/g, "-");
  const feed = program.fed ? startIn(job.far, { words: feedCommand() }) : null;
  const client = start(program, "publish", server.whip(stream));
  try {
    const startedAt = performance.now();
    await until(`${program.name} is live`, START_MS, () => sessionOf("publisher", stream));
    const liveMs = performance.now() - startedAt;
    const watcher = await browser.watch(BASE, stream);
    const first = await watcher.receives("picture", ({ frames }) => frames > 0);
    const from = performance.now();
    let last = first;
    let session: Session | null = null;
    while (!client.ended && performance.now() - from < seconds * 1000) {
      await Bun.sleep(SAMPLE_MS);
      const found = await sessionOf("publisher", stream);
      if (found === null || client.ended) break;
      session = found;
      last = await watcher.received();
    }
    const watched = (performance.now() - from) / 1000;
    await client.ends(PATIENCE_MS);
    put(program, "publish", {
      "connect ms": client.at("connected") ?? Math.round(liveMs),
      "media ms": null,
      "lost %": share(session),
      "frames/s": Math.round(((last.frames - first.frames) / watched) * 10) / 10,
      freezes: last.freezes - first.freezes,
      "top layer s": null,
      end: await endOf(client, "publisher", stream),
    });
  } catch (error) {
    put(program, "publish", { note: words(error, client) });
  } finally {
    feed?.kill();
    client.kill();
    await browser.closePages();
  }
}

/** The client watches what Chromium publishes. */
async function viewing(program: Program): Promise<void> {
  const client = start(program, "view", server.whep("layers"));
  try {
    let topAt: number | null = null;
    const latest = performance.now() + START_MS + seconds * 1000;
    while (!client.ended && performance.now() < latest) {
      await Bun.sleep(SAMPLE_MS);
      const session = await sessionOf("viewer", "layers");
      const height = session?.tracks.find(({ kind }) => kind === "video")?.height ?? 0;
      if (topAt === null && height === LAYERED.height) topAt = session?.connectedSeconds ?? null;
    }
    await client.ends(PATIENCE_MS);
    const end = client.told("end");
    if (end === undefined) throw new Error("it did not come to its end");
    const { packets = 0, lost = 0, frames = 0 } = end;
    put(program, "view", {
      "connect ms": client.at("connected"),
      "media ms": client.at("media"),
      "lost %": percent(lost ?? 0, packets + (lost ?? 0)),
      "frames/s": Math.round((frames / seconds) * 10) / 10,
      freezes: null,
      "top layer s": topAt === null ? null : Math.round(topAt * 10) / 10,
      end: await endOf(client, "viewer", "layers"),
    });
  } catch (error) {
    put(program, "view", { note: words(error, client) });
  } finally {
    client.kill();
  }
}

function start(program: Program, role: Role, url: string): RunningClient {
  return new RunningClient(job.far, program.command(places, role, url, seconds));
}

function put(program: Program, role: Role, found: Row): void {
  const version = program.version(places);
  const row = { client: program.name, version, role, ...found };
  rows.push(row);
  console.log(JSON.stringify(row));
}

/** Whether the client's goodbye was answered, and the session is gone soon after. */
async function endOf(client: RunningClient, kind: string, stream: string): Promise<string> {
  const deleted = client.told("end")?.deleted;
  const from = performance.now();
  while ((await sessionOf(kind, stream)) !== null) {
    if (performance.now() - from > GONE_MS) return "stays";
    await Bun.sleep(SAMPLE_MS / 10);
  }
  return deleted === undefined ? "gone" : `DELETE ${deleted}, gone`;
}

async function sessionOf(kind: string, stream: string): Promise<Session | null> {
  const response = await fetch(`${BASE}/api/v1/sessions`);
  const { sessions } = (await response.json()) as { sessions: Session[] };
  return (
    sessions.find(
      (each) => each.kind === kind && each.stream === stream && each.state === "connected",
    ) ?? null
  );
}

async function topHeight(): Promise<number> {
  const session = await sessionOf("publisher", "layers");
  return Math.max(0, ...(session?.tracks.map(({ height }) => height ?? 0) ?? []));
}

/** Of what a publisher sent, what never came. */
function share(session: Session | null): number | null {
  if (session === null) return null;
  const sum = (of: (track: Track) => number) =>
    session.tracks.reduce((total, track) => total + of(track), 0);
  const lost = sum(({ packetsLost }) => packetsLost);
  return percent(lost, lost + sum(({ packets }) => packets));
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1e5) / 1e3;
}

function words(error: unknown, client: RunningClient): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text} ${client.errors}`.replace(/\s+/g, " ").slice(0, 300).trim();
}
