/** Runs a whole load: threads, phases, the server's usage. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { monotonicUs } from "../io/clock.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { readTreeUsage } from "../io/process-usage.ts";
import { spawnWorker } from "../io/spawn.ts";
import {
  difference,
  LOAD_BLOCK_BYTES,
  LoadCounters,
  type LoadTotals,
  sumCounters,
} from "./counters.ts";
import { type DistributionData, mergeDistributions } from "./distributions.ts";
import type { LoadOrder } from "./options.ts";
import type { LoadPlan } from "./plan.ts";
import type { PublisherShardResult } from "./publisher-shard.ts";
import type { LoadResult, ServerUsage } from "./report.ts";
import { mergeTimelines } from "./timeline.ts";
import type { ViewerShardResult } from "./viewer-shard.ts";

export type LoadPhase = "publishing" | "rehearsing" | "joining" | "measuring" | "leaving";

export interface LoadHooks {
  /** Several times a second. */
  readonly progress: (phase: LoadPhase, totals: LoadTotals) => void;
  /** Ends the present phase early. */
  readonly stop: AbortSignal;
}

/** The load cannot be put on: the message says why. */
export class LoadError extends Error {
  override readonly name = "LoadError";
}

const PROGRESS_MS = 200;
/** Publishers have this long to connect. */
const PUBLISH_TIMEOUT_US = 20_000_000;
/** As long as src/load/rehearsal.ts takes at most, and a margin. */
const REHEARSE_TIMEOUT_US = 15_000_000;
/** The last viewer has this long to connect or fail. */
const JOIN_TIMEOUT_US = 30_000_000;
/** After the last join media runs this long before it is measured. */
const SETTLE_US = 1_000_000;

/** Throws a LoadError when a publisher is refused or the server's process is gone. */
export async function runLoad(plan: LoadPlan, hooks: LoadHooks): Promise<LoadResult> {
  const openssl = (await chooseOpenSsl()).where;
  const threads: Thread[] = [];
  try {
    return await new Run(plan, hooks, openssl, threads).run();
  } finally {
    for (const thread of threads) thread.worker.terminate();
  }
}

interface Thread {
  readonly worker: Worker;
  readonly counters: LoadCounters;
  readonly result: Promise<unknown>;
}

class Run {
  #failed: Error | null = null;

  constructor(
    private readonly plan: LoadPlan,
    private readonly hooks: LoadHooks,
    private readonly openssl: string,
    private readonly threads: Thread[],
  ) {}

  async run(): Promise<LoadResult> {
    const { plan } = this;
    if (plan.record !== null) makeFolder(plan.record);
    const publishing = plan.publish.length > 0 ? await this.#startPublishers() : null;
    const viewing = plan.watch.length > 0 ? await this.#startViewers() : [];
    const before = this.#usage();
    if (plan.holdSeconds === 0) await this.#joined();
    const joined = this.#usage();
    const joinPackets = this.#totals().packets;
    await this.#wait("joining", SETTLE_US, () => false);
    const start = this.#usage();
    const from = this.#totals();
    const toolFrom = process.cpuUsage();
    const startedAt = monotonicUs();
    for (const { counters } of viewing) counters.measuring = true;
    await this.#wait("measuring", plan.durationSeconds * 1e6, () => false);
    for (const { counters } of viewing) counters.measuring = false;
    const seconds = (monotonicUs() - startedAt) / 1e6;
    const tool = process.cpuUsage(toolFrom);
    const measured = difference(this.#totals(), from);
    const end = this.#usage();
    const results = (await this.#finish(viewing)) as ViewerShardResult[];
    const published =
      publishing === null ? [] : ((await this.#finish([publishing])) as PublisherShardResult[]);
    return {
      plan,
      totals: this.#totals(),
      measured,
      seconds,
      viewerFailures: mergeFailures(results),
      publisherFailures: mergeFailures(published),
      timeline: mergeTimelines(results.map(({ timeline }) => timeline)),
      distributions: mergeDistributions(results.map((r): DistributionData => r.distributions)),
      recordings: results.flatMap(({ recordings }) => recordings),
      toolCpuSeconds: (tool.user + tool.system) / 1e6,
      server: serverUsage(before, joined, start, end, joinPackets),
    };
  }

  async #startPublishers(): Promise<Thread> {
    const { plan } = this;
    const thread = this.#start({
      kind: "publishers",
      urls: plan.publish,
      source: plan.source,
      ...this.#common(),
    });
    const settled = () =>
      thread.counters.get("publishersLive") + thread.counters.get("publishersFailed") >=
      plan.publish.length;
    await this.#wait("publishing", PUBLISH_TIMEOUT_US, settled);
    if (thread.counters.get("publishersLive") < plan.publish.length && !this.hooks.stop.aborted) {
      const [result] = (await this.#finish([thread])) as PublisherShardResult[];
      const reasons = Object.keys(result!.failures);
      throw new LoadError(`publishing failed: ${reasons[0] ?? "no connection within 20 s"}`);
    }
    return thread;
  }

  async #startViewers(): Promise<Thread[]> {
    const { plan } = this;
    const count = Math.min(plan.threads, plan.viewers);
    const threads = Array.from({ length: count }, (_, index) =>
      this.#start({
        kind: "viewers",
        // Each thread begins at another stream, so that few viewers are spread evenly too.
        urls: plan.watch.map((_url, i) => plan.watch[(i + index) % plan.watch.length]!),
        viewers: Math.floor(plan.viewers / count) + (index < plan.viewers % count ? 1 : 0),
        rate: plan.rate / count,
        rehearse: Math.ceil(plan.rehearse / count),
        holdUs: plan.holdSeconds * 1e6,
        sample: plan.sample,
        record: plan.record === null ? null : join(plan.record, `viewer-${index + 1}-`),
        loss: plan.loss,
        feedback: plan.feedback,
        gro: plan.gro,
        captureTime: plan.captureTime,
        audio: plan.audio,
        video: plan.video,
        ...this.#common(),
      }),
    );
    const rehearsed = () => this.#totals().rehearsed >= count;
    if (plan.rehearse > 0) await this.#wait("rehearsing", REHEARSE_TIMEOUT_US, rehearsed);
    return threads;
  }

  #common() {
    const { token, anyCertificate, srtpProfiles } = this.plan;
    const block = new SharedArrayBuffer(LOAD_BLOCK_BYTES);
    return { token, anyCertificate, srtpProfiles, openssl: this.openssl, block };
  }

  #start(order: LoadOrder): Thread {
    const worker = spawnWorker("load");
    const result = new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
      worker.onerror = (event) => {
        this.#failed = new Error(`a load thread failed: ${event.message}`);
        reject(this.#failed);
      };
    });
    // Its failure ends the run where it waits; nobody else has to handle it.
    result.catch(() => {});
    worker.postMessage(order);
    const thread = { worker, counters: new LoadCounters(order.block), result };
    this.threads.push(thread);
    return thread;
  }

  async #joined(): Promise<void> {
    const { viewers, rate } = this.plan;
    if (this.plan.watch.length === 0) return;
    const settled = () => {
      const totals = this.#totals();
      return totals.joinsConnected + totals.joinsFailed >= viewers;
    };
    await this.#wait("joining", (viewers / rate) * 1e6 + JOIN_TIMEOUT_US, settled);
  }

  async #wait(phase: LoadPhase, maxUs: number, done: () => boolean): Promise<void> {
    const end = monotonicUs() + maxUs;
    while (monotonicUs() < end && !done() && !this.hooks.stop.aborted) {
      if (this.#failed !== null) throw this.#failed;
      this.hooks.progress(phase, this.#totals());
      await Bun.sleep(Math.min(PROGRESS_MS, Math.max(1, (end - monotonicUs()) / 1000)));
    }
  }

  async #finish(threads: readonly Thread[]): Promise<unknown[]> {
    this.hooks.progress("leaving", this.#totals());
    for (const { worker } of threads) worker.postMessage(null);
    return await Promise.all(threads.map(({ result }) => result));
  }

  #totals(): LoadTotals {
    return sumCounters(this.threads.map(({ counters }) => counters));
  }

  #usage() {
    const { serverPid } = this.plan;
    if (serverPid === null) return null;
    const usage = readTreeUsage(serverPid);
    if (usage === null) throw new LoadError(`--server-pid: there is no process ${serverPid}`);
    return usage;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new LoadError(`--record: ${messageOf(error)}`);
  }
}

type Usage = ServerUsage["before"];

function serverUsage(
  before: Usage | null,
  joined: Usage | null,
  start: Usage | null,
  end: Usage | null,
  joinPackets: number,
): ServerUsage | null {
  if (before === null || joined === null || start === null || end === null) return null;
  return { before, joined, start, end, joinPackets };
}

function mergeFailures(
  results: readonly { readonly failures: Readonly<Record<string, number>> }[],
): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const { failures } of results) {
    for (const [reason, count] of Object.entries(failures)) {
      merged[reason] = (merged[reason] ?? 0) + count;
    }
  }
  return merged;
}
