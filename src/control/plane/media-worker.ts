import { Counter } from "../../contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../../contract/messages.ts";
import type { WorkerSetup } from "../../contract/setup.ts";
import { WORKER_KINDS, type WorkerAbilities, type WorkerKind } from "../../contract/workers.ts";
import { monotonicUs } from "../../io/clock.ts";
import { closePollFd, createPollFd } from "../../io/epoll.ts";
import { ringEventFd } from "../../io/event-fd.ts";
import { spawnWorker } from "../../io/spawn.ts";
import type { ThreadTime } from "../../processors.ts";
import { WorkerBlock } from "../../ring/doorbell.ts";
import {
  ENDING,
  Heartbeat,
  hangs,
  isLate,
  type Pressure,
  RUNNING,
  type Silence,
  STARTING,
} from "./heartbeat.ts";
import { Overload } from "./overload.ts";
import type { LocalCandidate, WorkerLoad } from "./plane.ts";
import { WorkerTotals } from "./worker-totals.ts";

/** A worker that dies again and again is started again ever later, up to this. */
const RESTART_DELAY_MAX_MS = 5_000;
const STABLE_US = 10_000_000;
/** When the whole process ends, a thread that does not is left behind after this. */
const STOP_TIMEOUT_MS = 2_000;

export interface MediaWorkerOptions {
  readonly setup: Omit<WorkerSetup, "pollFd" | "streamPollFd">;
  readonly candidates: readonly LocalCandidate[];
  readonly onEvent: (worker: MediaWorker, event: WorkerEvent) => void;
  /** `onEvent` threw: this event is lost. */
  readonly onFault: (error: unknown) => void;
  /** The thread has ended and will be replaced: its sessions are lost. */
  readonly onLost: (worker: MediaWorker, cause: string) => void;
  /** The successor of a lost thread accepts sessions. */
  readonly onReplaced: (worker: MediaWorker, cause: string) => void;
  /** The thread beats again, after a silence in which it did not hang. */
  readonly onLate: (worker: MediaWorker, silence: Silence) => void;
  /** `overloaded` has become another. */
  readonly onOverload: (worker: MediaWorker) => void;
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
  /** Told to end: gives up waiting for it. */
  giveUp: (() => void) | null;
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
  /** Times that the thread was late because it got no processor. */
  starved = 0;
  readonly overload = new Overload();
  private readonly heartbeat = new Heartbeat();
  /** A thread that was told to end, while it has not. */
  private leaving: Thread | null = null;
  private readonly totals: WorkerTotals;
  private stopped = false;
  private startedUs = 0;
  private delayMs = 0;

  constructor(private readonly options: MediaWorkerOptions) {
    const { setup } = options;
    this.name = `${setup.kind}-${setup.index}`;
    this.number = setup.number;
    this.candidates = options.candidates;
    this.block = new WorkerBlock(setup.bells[setup.number]!.block);
    this.totals = new WorkerTotals(this.block.counters);
    this.start();
  }

  get kind(): WorkerKind {
    return this.options.setup.kind;
  }

  get abilities(): WorkerAbilities {
    return WORKER_KINDS[this.kind];
  }

  get reader(): number {
    return this.options.setup.reader;
  }

  /** False when there is no thread at the moment: nobody will act on the command. */
  send(command: WorkerCommand): boolean {
    if (this.thread === null) return false;
    this.thread.worker.postMessage(command);
    const { bells } = this.options.setup;
    if (this.block.claimWake()) ringEventFd(bells[this.number]!.doorbellFd);
    return true;
  }

  /** The kernel's number of the thread, 0 before it has told. */
  get threadId(): number {
    return this.block.thread;
  }

  /** Looks at the heartbeat: a thread that hangs is replaced, one that waits for its turn is not. */
  look(at: number, thread: ThreadTime | null, pressure: Pressure): void {
    if (this.thread === null && this.leaving === null) return;
    this.totals.noteTime(thread);
    // Only who reads rings can be late with them.
    if (this.abilities.readsRings) this.lookForOverload(at);
    // A thread that was told to end beats no more, whatever its loop still does.
    const beat = this.leaving === null ? this.block.heartbeat : -1;
    const silence = this.heartbeat.look({ at, beat, thread, pressure });
    const { ended } = this.heartbeat;
    if (this.leaving !== null) {
      if (hangs(silence, ENDING) !== null) this.leaving.giveUp?.();
      return;
    }
    if (ended !== null && isLate(ended) && this.ready) {
      this.starved += 1;
      this.options.onLate(this, ended);
    }
    const cause = hangs(silence, this.ready ? RUNNING : STARTING);
    if (cause !== null) this.lose(cause);
  }

  /** It has not beaten for longer than a look. */
  get silentUs(): number {
    return this.heartbeat.silence.lateUs;
  }

  /** Media of those who are here already leaves late. */
  get overloaded(): boolean {
    return this.overload.active;
  }

  private lookForOverload(at: number): void {
    const { counters } = this.block;
    // Without sessions the figures are those of sessions that were.
    const lagUs = this.sessions.size === 0 ? 0 : counters[Counter.lagMedianUs!]!;
    if (this.overload.look(at, counters[Counter.busyUs!]!, lagUs)) this.options.onOverload(this);
  }

  load(): WorkerLoad {
    return {
      name: this.name,
      kind: this.kind,
      ready: this.ready,
      restarts: this.restarts,
      starved: this.starved,
      overloaded: this.overload.active,
      waitedUs: this.totals.waitedUs,
      counters: this.totals.counters(),
    };
  }

  /** Resolves when the thread has ended, or will not. */
  async stop(): Promise<void> {
    this.stopped = true;
    const thread = this.thread;
    this.thread = null;
    if (thread !== null) await end(thread, STOP_TIMEOUT_MS);
  }

  private start(): void {
    if (this.stopped) return;
    const worker = spawnWorker(this.kind);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const [pollFd, streamPollFd] = [createPollFd(), createPollFd()];
    const thread: Thread = { worker, ended, giveUp: null };
    this.thread = thread;
    this.startedUs = monotonicUs();
    this.block.thread = 0;
    this.heartbeat.reset();
    this.block.wakeUp();
    worker.onmessage = ({ data }: MessageEvent<WorkerEvent>) => {
      if (this.thread === thread) this.handleEvent(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.thread === thread) this.lose(causeOf(event.message));
    };
    worker.addEventListener("close", () => {
      closePollFd(pollFd);
      closePollFd(streamPollFd);
      resolve();
      if (this.thread === thread) this.lose("it ended");
    });
    worker.postMessage({ ...this.options.setup, pollFd, streamPollFd });
  }

  private handleEvent(event: WorkerEvent): void {
    if (event.type === "ready") {
      this.ready = true;
      // Until then it did not beat: it loaded its code and warmed up.
      this.heartbeat.reset();
      if (this.lostBy !== null) this.options.onReplaced(this, this.lostBy);
      this.lostBy = null;
    }
    try {
      this.options.onEvent(this, event);
    } catch (error) {
      this.options.onFault(error);
    }
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
    this.leaving = thread;
    this.heartbeat.reset();
    void end(thread).then((ended) => {
      this.leaving = null;
      if (this.stopped) return;
      if (!ended) {
        this.options.onStuck(this, cause);
        return;
      }
      this.ending = false;
      this.totals.threadEnded();
      this.options.onLost(this, cause);
      setTimeout(() => this.start(), this.delayMs);
    });
  }
}

/** Ends a thread; false when `giveUp` was called, or `timeoutMs` were over, before it did. */
async function end(thread: Thread, timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
  thread.worker.terminate();
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  thread.giveUp = () => resolve(false);
  const timer = timeoutMs < Number.POSITIVE_INFINITY ? setTimeout(thread.giveUp, timeoutMs) : null;
  const ended = await Promise.race([thread.ended.then(() => true), late]);
  if (timer !== null) clearTimeout(timer);
  return ended;
}

/** Bun's message of an uncaught error is an excerpt of the source; one line of it is the error. */
function causeOf(message: string): string {
  const lines = message.split("\n");
  const error = lines.find((line) => /^\w*error: /i.test(line)) ?? lines[0]!;
  const place = lines.find((line) => /^\s+at /.test(line)) ?? "";
  return `${error || "it threw"}${place === "" ? "" : ` ${place.trim()}`}`;
}
