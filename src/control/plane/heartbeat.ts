/**
 * Whether a silent thread hangs or is starved. It hangs when it had the processor and did not beat,
 * or when it neither ran nor waited for it (blocked in the kernel or in native code). One that waits
 * for its turn does not hang, however long that takes: its successor would wait as well.
 */
import { HEARTBEAT_TIMEOUT_MS, STARVED_PATIENCE_MS } from "../../limits.ts";

/** How often a worker's heartbeat is looked at. */
export const HEARTBEAT_LOOK_MS = 250;
const LOOK_US = HEARTBEAT_LOOK_MS * 1000;
/** A machine that is merely busy is not under pressure: our threads get their turn in time. */
const PRESSURE_WAIT = 0.25;
const PRESSURE_STOLEN = 0.05;

/** What our threads lacked between two looks. */
export interface Pressure {
  /** Threads of ours that waited for a processor, in the mean. */
  readonly waiting: number;
  /** Share of the machine's processors that its hypervisor gave to other guests. */
  readonly stolen: number;
}

/** One look at a thread. Times are its running totals, us. */
export interface Look {
  readonly at: number;
  readonly beat: number;
  /** Null when the kernel does not tell, or the thread has not said which it is. */
  readonly thread: {
    readonly ranUs: number;
    readonly waitedUs: number;
    readonly runnable: boolean;
  } | null;
  readonly pressure: Pressure;
}

/** What a thread did since its last sign of life, us. */
export interface Silence {
  readonly lateUs: number;
  readonly ranUs: number;
  readonly waitedUs: number;
  /** Neither ran nor waited. */
  readonly blockedUs: number;
  /** As far as the machine was not under pressure meanwhile. */
  readonly blockedCalmUs: number;
  readonly stolenUs: number;
}

const NONE: Silence = {
  lateUs: 0,
  ranUs: 0,
  waitedUs: 0,
  blockedUs: 0,
  blockedCalmUs: 0,
  stolenUs: 0,
};

/** A silence as the log tells it. */
export function inMs({ lateUs, ranUs, waitedUs }: Silence) {
  return {
    lateMs: Math.round(lateUs / 1000),
    ranMs: Math.round(ranUs / 1000),
    waitedMs: Math.round(waitedUs / 1000),
  };
}

export function underPressure({ waiting, stolen }: Pressure): boolean {
  return waiting >= PRESSURE_WAIT || stolen >= PRESSURE_STOLEN;
}

/** Adds up what is known of one thread from look to look. */
export class Heartbeat {
  /** Since the last beat that was seen. */
  silence = NONE;
  /** The silence that the last look found ended; null when there was none. */
  ended: Silence | null = null;
  #last: Look | null = null;

  /** A fresh thread, or another question about the same one. */
  reset(): void {
    this.silence = NONE;
    this.ended = null;
    this.#last = null;
  }

  /** Takes one look and returns the silence so far. */
  look(look: Look): Silence {
    const last = this.#last;
    this.#last = look;
    this.ended = null;
    if (last === null) return this.silence;
    if (look.beat !== last.beat) {
      if (this.silence !== NONE) this.ended = addUp(this.silence, last, look);
      this.silence = NONE;
    } else this.silence = addUp(this.silence, last, look);
    return this.silence;
  }
}

function addUp(silence: Silence, last: Look, look: Look): Silence {
  const elapsed = look.at - last.at;
  const known = last.thread !== null && look.thread !== null;
  const ran = known ? Math.max(0, look.thread.ranUs - last.thread.ranUs) : 0;
  const waited = known ? Math.max(0, look.thread.waitedUs - last.thread.waitedUs) : 0;
  const rest = Math.max(0, elapsed - ran - waited);
  // A thread that wants a processor waits, though the kernel has not booked it yet. Of a look that
  // came late nothing is known but that the looker itself was held up (starved, stopped, frozen).
  const blocked = known && look.thread.runnable ? 0 : Math.min(rest, 2 * LOOK_US);
  const calm = elapsed <= 2 * LOOK_US && !underPressure(look.pressure);
  return {
    lateUs: silence.lateUs + elapsed,
    ranUs: silence.ranUs + ran,
    waitedUs: silence.waitedUs + Math.max(0, elapsed - ran - blocked),
    blockedUs: silence.blockedUs + blocked,
    blockedCalmUs: silence.blockedCalmUs + (calm ? blocked : 0),
    stolenUs: silence.stolenUs + look.pressure.stolen * elapsed,
  };
}

/** Time that a thread may have without a sign of life, ms: of the processor or blocked on a calm
 * machine, and blocked on one under pressure. */
export interface Patience {
  readonly calmMs: number;
  readonly pressedMs: number;
}

export const RUNNING: Patience = { calmMs: HEARTBEAT_TIMEOUT_MS, pressedMs: STARVED_PATIENCE_MS };
/** A thread that has not loaded its code yet. */
export const STARTING: Patience = {
  calmMs: 10 * HEARTBEAT_TIMEOUT_MS,
  pressedMs: 10 * STARVED_PATIENCE_MS,
};
/** One that is told to end does so at its next turn, unless it is stuck in native code. */
export const ENDING: Patience = {
  calmMs: 2 * HEARTBEAT_TIMEOUT_MS,
  pressedMs: STARVED_PATIENCE_MS,
};

/**
 * Why the thread hangs, or null when it does not. Under pressure a blocked thread may wait for another
 * that gets no processor (a collector of garbage), so it has seconds; one that ran has no excuse.
 */
export function hangs(silence: Silence, patience: Patience = RUNNING): string | null {
  const { blockedUs, blockedCalmUs } = silence;
  // The kernel books time that the hypervisor took as time that the thread ran.
  const ranUs = Math.max(0, silence.ranUs - silence.stolenUs);
  const calm = ranUs + blockedCalmUs >= patience.calmMs * 1000;
  if (!calm && ranUs + blockedUs < patience.pressedMs * 1000) return null;
  const what = ranUs >= blockedUs ? "ran" : "was blocked";
  return `it hangs: it ${what} for ${inSeconds(Math.max(ranUs, blockedUs))} s without a sign of life`;
}

/** Late by more than a thread that gets the processor ever is. */
export function isLate(silence: Silence): boolean {
  return silence.lateUs >= HEARTBEAT_TIMEOUT_MS * 1000;
}

function inSeconds(us: number): string {
  return (us / 1e6).toFixed(1);
}
