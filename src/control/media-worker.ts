import type { WorkerCommand, WorkerEvent, WorkerSetup } from "../commands.ts";
import { COUNTER_NAMES, Counter, type CounterName } from "../counters.ts";
import { monotonicUs } from "../io/clock.ts";
import { ringEventFd } from "../io/event-fd.ts";
import { closePollFd, createPollFd } from "../io/poller.ts";
import { spawnWorker } from "../io/spawn.ts";
import { HEARTBEAT_TIMEOUT_MS, OVERLOAD_LAG_US } from "../limits.ts";
import { WorkerBlock } from "../ring/doorbell.ts";
import type { LocalCandidate, WorkerLoad } from "./plane.ts";

/** How often a worker's heartbeat is looked at. */
export const HEARTBEAT_LOOK_MS = 250;
const SILENT_LOOKS = HEARTBEAT_TIMEOUT_MS / HEARTBEAT_LOOK_MS;
/** A look that comes this late says that the machine is overloaded, not that a worker hangs. */
const LOOK_LATE_US = 2 * HEARTBEAT_LOOK_MS * 1000;
/** A thread that has not loaded its code yet has this many looks to begin. */
const START_LOOKS = 40;
/** A worker that dies again and again is started again ever later, up to this. */
const RESTART_DELAY_MAX_MS = 5_000;
const STABLE_US = 10_000_000;
/** A thread that is told to end does so at its next turn, unless it is stuck in native code. */
const END_TIMEOUT_MS = 2_000;

export interface MediaWorkerOptions {
  readonly setup: Omit<WorkerSetup, "pollFd">;
  /** Position among all workers. */
  readonly number: number;
  readonly candidates: readonly LocalCandidate[];
  readonly onEvent: (worker: MediaWorker, event: WorkerEvent) => void;
  /** The thread has ended and will be replaced: its sessions are lost. */
  readonly onLost: (worker: MediaWorker, cause: string) => void;
  /** The successor of a lost thread accepts sessions. */
  readonly onReplaced: (worker: MediaWorker, cause: string) => void;
  /**
   * The thread cannot be ended. It may go on to read the sockets and write the rings of its
   * successor, so there must be none: the process has to end.
   */
  readonly onStuck: (worker: MediaWorker, cause: string) => void;
}

/** A thread and what tells that it has ended. */
interface Thread {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  readonly pollFd: number;
}

/** One worker thread as control holds it: replaced when it throws, hangs or ends. */
export class MediaWorker {
  readonly name: string;
  readonly number: number;
  readonly candidates: readonly LocalCandidate[];
  readonly sessions = new Set<number>();
  ready = false;
  /** Lost and told to end: until it has, the thread may still read rings and sockets. */
  ending = false;
  restarts = 0;
  private readonly block: WorkerBlock;
  private thread: Thread | null = null;
  /** Why the last thread was lost, until its successor is ready. */
  private lostBy: string | null = null;
  private lastBeat = -1;
  private silent = 0;
  private lookedUs = 0;
  private stopped = false;
  private startedUs = 0;
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

  /** False when there is no thread at the moment: nobody will act on the command. */
  send(command: WorkerCommand): boolean {
    if (this.thread === null) return false;
    this.thread.worker.postMessage(command);
    if (this.block.claimWake()) ringEventFd(this.options.setup.doorbellFd);
    return true;
  }

  /** Looks at the heartbeat; a silent thread is replaced. */
  look(): void {
    if (this.thread === null || this.stopped) return;
    const beat = this.block.heartbeat;
    const now = monotonicUs();
    if (beat !== this.lastBeat) {
      this.lastBeat = beat;
      this.lookedUs = now;
      this.silent = 0;
      return;
    }
    // On a machine without a free core a healthy thread may wait for its turn as long as we did:
    // only looks that came in time count. A thread that hangs is still found, a little later.
    const late = now - this.lookedUs > LOOK_LATE_US;
    this.lookedUs = now;
    if (late) return;
    this.silent += 1;
    if (this.silent >= (this.ready ? SILENT_LOOKS : START_LOOKS)) this.lose("it hangs");
  }

  /** Media of those who are here already leaves late. */
  get overloaded(): boolean {
    return this.sessions.size > 0 && this.block.counters[Counter.lagMaxUs!]! > OVERLOAD_LAG_US;
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

  /** Resolves when the thread has ended, or will not. */
  async stop(): Promise<void> {
    this.stopped = true;
    const thread = this.thread;
    this.thread = null;
    if (thread !== null) await end(thread);
  }

  private start(): void {
    if (this.stopped) return;
    const worker = spawnWorker(this.kind);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const thread = { worker, ended, pollFd: createPollFd() };
    this.thread = thread;
    this.startedUs = monotonicUs();
    this.silent = 0;
    this.block.wakeUp();
    worker.onmessage = ({ data }: MessageEvent<WorkerEvent>) => {
      if (this.thread === thread) this.handleEvent(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.thread === thread) this.lose(causeOf(event.message));
    };
    worker.addEventListener("close", () => {
      closePollFd(thread.pollFd);
      resolve();
      if (this.thread === thread) this.lose("it ended");
    });
    worker.postMessage({ ...this.options.setup, pollFd: thread.pollFd });
  }

  private handleEvent(event: WorkerEvent): void {
    if (event.type === "ready") {
      this.ready = true;
      if (this.lostBy !== null) this.options.onReplaced(this, this.lostBy);
      this.lostBy = null;
    }
    this.options.onEvent(this, event);
  }

  private lose(cause: string): void {
    const thread = this.thread!;
    this.thread = null;
    this.ready = false;
    this.ending = true;
    this.restarts += 1;
    this.lostBy = cause;
    const stable = monotonicUs() - this.startedUs > STABLE_US;
    this.delayMs = stable ? 0 : Math.min(RESTART_DELAY_MAX_MS, this.delayMs * 2 || 50);
    void end(thread).then((ended) => {
      if (this.stopped) return;
      if (!ended) {
        this.options.onStuck(this, cause);
        return;
      }
      this.ending = false;
      this.options.onLost(this, cause);
      setTimeout(() => this.start(), this.delayMs);
    });
  }
}

/** Ends a thread; false when it did not within END_TIMEOUT_MS. */
async function end(thread: Thread): Promise<boolean> {
  thread.worker.terminate();
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), END_TIMEOUT_MS);
  const ended = await Promise.race([thread.ended.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}

/** Bun's message of an uncaught error is an excerpt of the source; one line of it is the error. */
function causeOf(message: string): string {
  const lines = message.split("\n");
  const error = lines.find((line) => /^\w*error: /i.test(line)) ?? lines[0]!;
  const place = lines.find((line) => /^\s+at /.test(line)) ?? "";
  return `${error || "it threw"}${place === "" ? "" : ` ${place.trim()}`}`;
}
