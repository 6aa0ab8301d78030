import {
  OVERLOAD_BUSY,
  OVERLOAD_HOLD_US,
  OVERLOAD_LAG_US,
  OVERLOAD_LEAVE_BUSY,
} from "../../limits.ts";
import type { Logger } from "../../log.ts";

/** Busy shares are taken over so long: a keyframe for a thousand viewers fills a quarter second. */
const BUSY_WINDOW_US = 1_000_000;

/** What was last seen of a worker. */
export interface OverloadFigures {
  /** Share of the last second that it was busy, 0 to 1. */
  readonly busy: number;
  /** Median time that frames waited for it, us. */
  readonly lagUs: number;
}

/**
 * Whether an egress worker has too much to do for the viewers it has. That is a state that lasts,
 * not one late keyframe, cold code or a crowd that joins: the thread is busy, and frames leave late,
 * for three seconds. It ends when the thread has room again. Look some four times a second.
 */
export class Overload implements OverloadFigures {
  active = false;
  busy = 0;
  lagUs = 0;
  /** When the state began or ended last, us. */
  changedUs = 0;
  readonly #looks: { readonly at: number; readonly busyUs: number }[] = [];
  #heldUs = 0;
  #lookedUs = 0;

  /** Forgets what was: the thread is another one, or has no sessions. */
  reset(): void {
    this.active = false;
    this.busy = 0;
    this.#looks.length = 0;
    this.#heldUs = 0;
  }

  /**
   * `busyUs`: its thread's running total; `lagUs`: median lag of its frames. Returns whether the
   * state has changed.
   */
  look(at: number, busyUs: number, lagUs: number): boolean {
    const before = this.active;
    const last = this.#looks.at(-1);
    if (last !== undefined && (busyUs < last.busyUs || at <= last.at)) this.reset();
    this.#looks.push({ at, busyUs });
    while (this.#looks.length > 2 && at - this.#looks[1]!.at >= BUSY_WINDOW_US) this.#looks.shift();
    const first = this.#looks[0]!;
    const elapsed = at - first.at;
    const since = Math.min(OVERLOAD_HOLD_US, at - this.#lookedUs);
    this.#lookedUs = at;
    this.lagUs = lagUs;
    if (elapsed < BUSY_WINDOW_US / 2) return this.active !== before;
    this.busy = Math.min(1, (busyUs - first.busyUs) / elapsed);
    return this.active ? this.#leave(at) : this.#enter(at, since);
  }

  /** A moment without lag (a worker that was lapped stands at the live edge) only takes back as much. */
  #enter(at: number, since: number): boolean {
    const both = this.busy > OVERLOAD_BUSY && this.lagUs > OVERLOAD_LAG_US;
    this.#heldUs = Math.max(0, this.#heldUs + (both ? since : -since));
    if (!both || this.#heldUs < OVERLOAD_HOLD_US) return false;
    return this.#change(at, true);
  }

  #leave(at: number): boolean {
    return this.busy < OVERLOAD_LEAVE_BUSY && this.#change(at, false);
  }

  #change(at: number, active: boolean): boolean {
    this.active = active;
    this.changedUs = at;
    this.#heldUs = 0;
    return true;
  }
}

/** Tells what the state has become, and by which figures. */
export function logOverload(log: Logger, worker: string, overload: Overload): void {
  const fields = {
    worker,
    busyPercent: Math.round(overload.busy * 100),
    lagMs: Math.round(overload.lagUs / 1000),
  };
  if (overload.active) log.warn("Overload: newcomers are refused", fields);
  else log.info("Overload is over: newcomers are taken again", fields);
}
