/**
 * The loop of a worker. It sleeps in one epoll_wait until something comes, its doorbell rings or its
 * guest wants a turn, works in bounded chunks, and gives the JavaScript event loop (commands from
 * control) a turn after each. It knows no sockets and no sessions: those are its guest's, if any.
 */

import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerSetup } from "../contract/setup.ts";
import { monotonicUs } from "../io/clock.ts";
import { Poller } from "../io/poller.ts";
import { threadId } from "../io/processor-time.ts";
import { AUDIO_HELD_MAX_US, SLEEP_MAX_US, TURN_MAX_US } from "../limits.ts";
import { WorkerBlock } from "../ring/doorbell.ts";
import { LoopMeter } from "./loop-meter.ts";

/** For `work` there is something urgent. */
const AT_ONCE = Number.NEGATIVE_INFINITY;
/** After a pass the next begins so much later, unless it is for something urgent ... */
const PAUSE_US = 1_000;
/** ... and for that, too, by a worker of so much patience: with much to do it does more at a time. */
const LOADED_PATIENCE_US = 7_500;
/** What came last while the loop dozed has waited for no longer. */
const DOZE_MAX_US = AUDIO_HELD_MAX_US;

/** Who lives in a loop. In a turn it is called in the order below. All times in us, monotonic. */
export interface Guest {
  /** When it wants its next turn: now, when that has passed. May be earlier than needed. */
  nextTimeout(): number;
  /** Takes what its sockets have; `ready` has a bit for each that is readable. */
  receive(ready: number, now: number): void;
  /** Somebody marked this ring: its writer has news, or one of its readers a wish. */
  mark(index: number): void;
  /**
   * When there is something for `work`: -Infinity for what is urgent, Infinity for nothing. What is not
   * urgent waits for `patience` at most.
   */
  workAt(now: number, patience: number): number;
  /** What `work` makes can go nowhere: media stays in the rings meanwhile. */
  readonly blocked: boolean;
  /** Moves what is urgent or out of `patience` until done or `deadline`; true when work is left. */
  work(now: number, deadline: number, patience: number): boolean;
  /** Does what is due. Called in each turn: often nothing is. */
  handleTimeout(now: number): void;
  /** The end of a turn: what it made leaves. */
  flush(): void;
  /** A few times a second: what it counts goes into its worker's block. */
  copyCounters(): void;
}

/** What a loop stands on. */
export interface LoopGround {
  readonly block: WorkerBlock;
  /** Sleeps for `timeoutMs` at most; returns a bit set of readable sockets. */
  readonly poller: { wait(timeoutMs: number): number };
  /** Monotonic, us. */
  readonly clock: () => number;
  /** Calls back after the JavaScript event loop had its turn. */
  readonly pause: (then: () => void) => void;
}

/** The ground of a worker's own thread. */
export function openGround(setup: WorkerSetup): LoopGround & { readonly poller: Poller } {
  const own = setup.bells[setup.number]!;
  const block = new WorkerBlock(own.block);
  block.thread = threadId();
  const watched = [...setup.sockets, setup.streamPollFd];
  const poller = new Poller(setup.pollFd, watched, own.doorbellFd);
  return { block, poller, clock: monotonicUs, pause: setImmediate };
}

export class Loop {
  readonly #ground: LoopGround;
  readonly #guest: Guest;
  readonly #block: WorkerBlock;
  readonly #clock: () => number;
  readonly #meter: LoopMeter;
  readonly #visitMark: (index: number) => void;
  /** No forwarding pass is made before: for what is urgent, and for the rest. */
  #urgentFrom = 0;
  #restFrom = 0;

  constructor(ground: LoopGround, guest: Guest) {
    this.#ground = ground;
    this.#guest = guest;
    this.#block = ground.block;
    this.#clock = ground.clock;
    this.#meter = new LoopMeter(ground.block.counters);
    this.#visitMark = (index) => guest.mark(index);
  }

  /** Runs until the thread ends. */
  run(): void {
    const step = (): void => {
      this.#turn();
      this.#ground.pause(step);
    };
    step();
  }

  #turn(): void {
    const ready = this.#sleep();
    const start = this.#clock();
    this.#block.beat();
    this.#guest.receive(ready, start);
    this.#block.takeMarked(this.#visitMark);
    this.#work(start);
    this.#guest.handleTimeout(this.#clock());
    this.#guest.flush();
    if (this.#meter.turn(start, this.#clock())) this.#guest.copyCounters();
  }

  #sleep(): number {
    const { poller } = this.#ground;
    const now = this.#clock();
    let until = Math.min(now + SLEEP_MAX_US, this.#guest.nextTimeout());
    const workAt = this.#workAt(now);
    const idle = workAt === Number.POSITIVE_INFINITY;
    const { blocked } = this.#guest;
    // In a pause before what is urgent writers need not ring: their marks are seen at its end.
    const deaf = workAt === AT_ONCE || (blocked && !idle);
    if (!blocked) until = Math.min(until, this.#passAt(workAt));
    // What is not urgent is not told to who dozes: it is found at the end.
    if (!idle && !deaf) until = Math.min(until, now + DOZE_MAX_US);
    const waitMs = Math.max(0, Math.ceil((until - now) / 1000));
    if (waitMs === 0 || deaf || !this.#block.fallAsleep(!idle)) {
      return poller.wait(deaf ? waitMs : 0);
    }
    countUp(this.#block.counters, Counter.wakeups);
    const ready = poller.wait(waitMs);
    this.#block.wakeUp();
    return ready;
  }

  #workAt(now: number): number {
    return this.#guest.workAt(now, this.#meter.patienceUs);
  }

  #work(now: number): void {
    const guest = this.#guest;
    if (guest.blocked || this.#passAt(this.#workAt(now)) > now) return;
    const { patienceUs } = this.#meter;
    const left = guest.work(now, now + TURN_MAX_US / 2, patienceUs);
    // Work left over goes on at once, after the sockets had their turn.
    this.#restFrom = left ? 0 : now + PAUSE_US;
    this.#urgentFrom = patienceUs < LOADED_PATIENCE_US ? 0 : this.#restFrom;
  }

  /** When a pass may begin for what is due at `workAt`. */
  #passAt(workAt: number): number {
    return workAt === AT_ONCE ? this.#urgentFrom : Math.max(workAt, this.#restFrom);
  }
}
