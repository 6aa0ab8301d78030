import type { WorkerCommand, WorkerEvent, WorkerSetup } from "../commands.ts";
import { COUNTER_NAMES, Counter, type CounterName } from "../counters.ts";
import { ringEventFd } from "../io/event-fd.ts";
import { spawnWorker } from "../io/spawn.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../limits.ts";
import { WorkerBlock } from "../ring/doorbell.ts";
import type { LocalCandidate, WorkerLoad } from "./plane.ts";

/** How often a worker's heartbeat is looked at. */
export const HEARTBEAT_LOOK_MS = 250;
const SILENT_LOOKS = HEARTBEAT_TIMEOUT_MS / HEARTBEAT_LOOK_MS;
/** A thread that has not loaded its code yet has this many looks to begin. */
const START_LOOKS = 40;
/** A worker that dies again and again is started again ever later, up to this. */
const RESTART_DELAY_MAX_MS = 5_000;
const STABLE_MS = 10_000;

export interface MediaWorkerOptions {
  readonly setup: WorkerSetup;
  /** Position among all workers. */
  readonly number: number;
  readonly candidates: readonly LocalCandidate[];
  readonly onEvent: (worker: MediaWorker, event: WorkerEvent) => void;
  /** The thread is gone and will be replaced: its sessions are lost. */
  readonly onLost: (worker: MediaWorker, cause: string) => void;
}

/** One worker thread as control holds it: replaced when it throws, hangs or ends. */
export class MediaWorker {
  readonly name: string;
  readonly number: number;
  readonly candidates: readonly LocalCandidate[];
  readonly sessions = new Set<number>();
  ready = false;
  restarts = 0;
  private readonly block: WorkerBlock;
  private thread: Worker | null = null;
  private lastBeat = -1;
  private silent = 0;
  private stopped = false;
  private startedAt = 0;
  private delayMs = 0;

  constructor(private readonly options: MediaWorkerOptions) {
    const { setup } = options;
    this.name = `${setup.kind}-${setup.index}`;
    this.number = options.number;
    this.candidates = options.candidates;
    this.block = new WorkerBlock(setup.block);
    this.start();
  }

  get kind(): "ingest" | "egress" {
    return this.options.setup.kind;
  }

  get reader(): number {
    return this.options.setup.reader;
  }

  send(command: WorkerCommand): void {
    if (this.thread === null) return;
    this.thread.postMessage(command);
    if (this.block.claimWake()) ringEventFd(this.options.setup.doorbellFd);
  }

  /** Looks at the heartbeat; a silent thread is replaced. */
  look(): void {
    if (this.thread === null || this.stopped) return;
    const beat = this.block.heartbeat;
    if (beat !== this.lastBeat) {
      this.lastBeat = beat;
      this.silent = 0;
      return;
    }
    this.silent += 1;
    if (this.silent >= (this.ready ? SILENT_LOOKS : START_LOOKS)) this.lose("it hangs");
  }

  load(): WorkerLoad {
    const counters = {} as Record<CounterName, number>;
    for (const name of COUNTER_NAMES) counters[name] = this.block.counters[Counter[name]!]!;
    return {
      name: this.name,
      kind: this.kind,
      ready: this.ready,
      restarts: this.restarts,
      counters,
    };
  }

  stop(): void {
    this.stopped = true;
    this.thread?.terminate();
    this.thread = null;
  }

  private start(): void {
    if (this.stopped) return;
    const thread = spawnWorker(this.kind);
    this.thread = thread;
    this.startedAt = performance.now();
    this.silent = 0;
    this.block.wakeUp();
    thread.onmessage = ({ data }: MessageEvent<WorkerEvent>) => {
      if (this.thread !== thread) return;
      if (data.type === "ready") this.ready = true;
      this.options.onEvent(this, data);
    };
    thread.onerror = (event) => {
      event.preventDefault();
      if (this.thread === thread) this.lose(event.message || "it threw");
    };
    thread.addEventListener("close", () => {
      if (this.thread === thread) this.lose("it ended");
    });
    thread.postMessage(this.options.setup);
  }

  private lose(cause: string): void {
    const thread = this.thread;
    this.thread = null;
    this.ready = false;
    this.restarts += 1;
    thread?.terminate();
    this.options.onLost(this, cause);
    const stable = performance.now() - this.startedAt > STABLE_MS;
    this.delayMs = stable ? 0 : Math.min(RESTART_DELAY_MAX_MS, this.delayMs * 2 || 50);
    setTimeout(() => this.start(), this.delayMs);
  }
}
