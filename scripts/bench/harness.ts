/** Starts servers and loads on their cores, and says under which conditions. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { resolve } from "node:path";
import { sourceOf } from "../../src/bench/source.ts";
import type { SourcePlan } from "../../src/load/options.ts";
import type { LoadReport } from "../../src/load/report.ts";
import { DuePacket, SyntheticSource } from "../../src/load/synthetic-source.ts";
import { LOAD_CORE, PINNING, pinned, SERVER_CORE } from "./pin.ts";

const ROOT = resolve(import.meta.dir, "../..");
/** Before results are written, which are part of the repository themselves. */
const COMMIT = text(["git", "describe", "--always", "--dirty"]);
export const EXECUTABLE = resolve(ROOT, "dist/spillway");

/** Every benchmark's figures with what is needed to judge and repeat them. */
export interface BenchResult {
  readonly name: string;
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly conditions: Readonly<Record<string, string | number | boolean>>;
  readonly results: readonly Row[];
}

export type Row = Readonly<Record<string, string | number | boolean | null>>;

export interface Bench {
  readonly name: string;
  readonly summary: string;
  readonly conditions: BenchResult["conditions"];
  /** Calls `row` with every line as it is measured. */
  run(options: BenchOptions, row: (row: Row) => void): Promise<void>;
}

export interface BenchOptions {
  /** A few points, a few seconds each: to see that it works. */
  readonly quick: boolean;
  /** fanout, hot, profile: only points with so many viewers; null for all. */
  readonly viewers: number | null;
  /** The same: only points of this rate, bits a second; null for all. */
  readonly bitrate: number | null;
  /** fanout: false leaves only points whose receivers take every datagram by itself. */
  readonly gro: boolean;
}

/** What all benchmarks send unless they say otherwise. */
export function sourcePlan(bitrate: number, spread: boolean): SourcePlan {
  const load = { bitrate: Math.max(bitrate, 10_000), spreadMs: spread ? SPREAD_MS : 0 };
  return { ...sourceOf(load), video: bitrate > 0 };
}

/** Frames as they arrive over a real uplink. */
export const SPREAD_MS = 15;

/**
 * How long it takes to give the largest frame to all viewers of a stream, one after the other, at
 * the measured cost of a packet, ms: the last of them cannot have it sooner.
 */
export function largestFrameMs(
  plan: SourcePlan,
  viewers: number,
  usPerPacket: number | null,
): number | null {
  if (usPerPacket === null || !plan.video) return null;
  const first = new DuePacket();
  // Video goes first, and the first frame is a keyframe.
  new SyntheticSource({ ...plan, audio: false }, 0).take(first);
  return Math.round((first.count * viewers * usPerPacket) / 100) / 10;
}

/** The same plan as options of `spillway load`. */
export function sourceArguments(bitrate: number, spread: boolean): string[] {
  if (bitrate === 0) return ["--no-video"];
  return [
    "--bitrate",
    String(bitrate),
    ...(spread ? ["--spread", String(SPREAD_MS)] : ["--burst"]),
  ];
}

export interface RunningServer {
  readonly whip: (stream: string) => string;
  readonly whep: (stream: string) => string;
  readonly pid: number;
  /** Options that every load of this server needs. */
  readonly arguments: readonly string[];
  readonly stop: () => Promise<void>;
}

export interface ServerCommand {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly cores?: number | string;
  /** Once it serves it answers, and with any status but 503. */
  readonly probe: string;
  readonly whip: (stream: string) => string;
  readonly whep: (stream: string) => string;
  readonly arguments?: readonly string[];
}

const START_TIMEOUT_MS = 15_000;

/** Starts any server and waits until its address answers. Throws when it does not. */
export async function startServer(server: ServerCommand): Promise<RunningServer> {
  const child = Bun.spawn(pinned(server.cores ?? SERVER_CORE, server.command), {
    cwd: server.cwd ?? ROOT,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/", ...server.env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  void new Response(child.stderr).text().then((text) => {
    log = text;
  });
  const end = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(server.probe))) {
    if (child.exitCode !== null)
      throw new Error(`it ended with ${child.exitCode}: ${log.slice(-300)}`);
    if (performance.now() > end) {
      child.kill();
      throw new Error(`no answer at ${server.probe} within ${START_TIMEOUT_MS / 1000} s`);
    }
    await Bun.sleep(100);
  }
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await child.exited;
    clearTimeout(timer);
  };
  const { whip, whep } = server;
  return { whip, whep, pid: child.pid, arguments: server.arguments ?? [], stop };
}

let port = 18_600;

/** A port of its own for each server, below those that the kernel hands out. */
export function nextPort(): number {
  port += 10;
  return port;
}

export function startSpillway(
  workers = 1,
  cores: number | string = SERVER_CORE,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const http = nextPort();
  const base = `http://127.0.0.1:${http}`;
  return startServer({
    command: [
      EXECUTABLE,
      "serve",
      ...["--http", `127.0.0.1:${http}`, "--media", `127.0.0.1:${http + 1}`],
      ...["--egress-workers", String(workers), "--insecure", "--drain-seconds", "0"],
      ...["--log-level", "warn"],
    ],
    cores,
    env,
    probe: `${base}/readyz`,
    whip: (stream) => `${base}/whip/${stream}`,
    whep: (stream) => `${base}/whep/${stream}`,
  });
}

/** Runs `spillway load ... --json` on the load's core. */
export async function runLoad(
  server: RunningServer,
  args: readonly string[],
  cores: number | string = LOAD_CORE,
): Promise<LoadReport> {
  const command = [EXECUTABLE, "load", ...args, ...server.arguments, "--json"];
  const measured = [...command, "--server-pid", String(server.pid)];
  return (await reportOf(pinned(cores, measured))) as LoadReport;
}

/** Streams of a name (with {n} for several) that are published until `stop`, from the load's core. */
export function startPublishers(
  server: RunningServer,
  stream: string,
  streams: number,
  source: readonly string[],
): { readonly stop: () => Promise<void> } {
  const args = ["--publish", server.whip(stream), ...source, "--streams", String(streams)];
  const command = [EXECUTABLE, "load", ...args, "--duration", "3600"];
  const child = Bun.spawn(pinned(LOAD_CORE, command), { stdio: ["ignore", "ignore", "ignore"] });
  const stop = async (): Promise<void> => {
    child.kill();
    await child.exited;
  };
  return { stop };
}

/** The JSON that a command prints; throws what it says instead. */
export async function reportOf(command: readonly string[]): Promise<unknown> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  if (out === "") throw new Error(err.trim() || `${command.join(" ")} said nothing`);
  return JSON.parse(out);
}

/** Joins a second of a measured load; a server's joins at speed are what `joins` measures. */
const JOIN_RATE = 200;

/** One stream and its viewers. */
export function fanoutArguments(
  server: RunningServer,
  viewers: number,
  bitrate: number,
  spread: boolean,
  seconds: number,
): string[] {
  return [
    server.whep("bench"),
    ...["--publish", server.whip("bench"), ...sourceArguments(bitrate, spread)],
    ...["--viewers", String(viewers), "--rate", String(JOIN_RATE), "--duration", String(seconds)],
  ];
}

/**
 * A cold server's packets cost a half more: its code is compiled in steps while it runs. Of 500
 * viewers' packets at 2.5 Mb/s, in windows of 8 s from the join on: 2.75, 2.64, 2.53, 2.29, 2.12 us.
 */
const WARM_UP = { viewers: 200, seconds: 30 };
export const WARMED_UP = `the server carried ${WARM_UP.viewers} viewers for ${WARM_UP.seconds} s before it was measured`;

/** Puts a load of the same shape on the server, which leaves nothing behind but compiled code. */
export async function warmUp(
  server: RunningServer,
  bitrate: number,
  spread: boolean,
  quick: boolean,
): Promise<void> {
  const seconds = quick ? 2 : WARM_UP.seconds;
  const viewers = quick ? 50 : WARM_UP.viewers;
  await runLoad(server, fanoutArguments(server, viewers, bitrate, spread, seconds));
}

export function describeRun(bench: Bench, command: string, results: readonly Row[]): BenchResult {
  return {
    name: bench.name,
    command,
    date: new Date().toISOString(),
    commit: COMMIT,
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      loadAverageAtEnd: Math.round(loadavg()[0]! * 100) / 100,
    },
    versions: {
      spillway: text([EXECUTABLE, "--version"]),
      bun: Bun.version,
      system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "",
    },
    conditions: { pinning: PINNING, ...bench.conditions },
    results,
  };
}

function text(command: string[]): string {
  return Bun.spawnSync(command, { cwd: ROOT }).stdout.toString().trim();
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.text();
    return response.status !== 503;
  } catch {
    return false;
  }
}
