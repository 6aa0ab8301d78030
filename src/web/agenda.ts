/**
 * What is said of a stream waits here until the picture that it is about is shown: so viewers in
 * different tiers, seconds apart, see the same beside the same picture. Pure.
 */
import { RETRACT, type StreamEvent } from "./streamevent.ts";

/** While no picture moves, nothing waits for longer ... */
const HELD_MS_MAX = 3_000;
/** ... and never: what is ten seconds ahead, seen ten seconds late. */
const HELD_MS_LAST = 20_000;
/** It may come twice, by two ways: of so many that is noticed, and so many wait. */
const KNOWN_MAX = 1_000;

interface Waiting {
  readonly event: StreamEvent;
  readonly sinceMs: number;
}

export class Agenda {
  /** By number: what time they are about. */
  readonly #known = new Map<number, number>();
  #waiting: Waiting[] = [];

  add(event: StreamEvent, nowMs: number): void {
    if (this.#known.has(event.id)) return;
    this.#known.set(event.id, event.at);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    if (event.type === RETRACT) {
      const { id } = event.data;
      // Nobody sees it any more; that it is over is told also to whoever said it.
      this.#waiting = this.#waiting.filter((waiting) => waiting.event.id !== id);
    }
    this.#waiting.push({ event, sinceMs: nowMs });
    if (this.#waiting.length > KNOWN_MAX) this.#waiting.shift();
  }

  /** Somebody goes back to this capture: what is about pictures after it may come again. */
  rewind(captureMs: number): void {
    const waiting = new Set(this.#waiting.map(({ event }) => event.id));
    for (const [id, at] of this.#known) {
      if (at > captureMs && !waiting.has(id)) this.#known.delete(id);
    }
  }

  /**
   * Those whose time has come, as they were said. `captureMs`: of the picture that is shown; null for
   * none. `isBehind`: that is old on purpose, and what is about newer ones waits however long.
   */
  take(captureMs: number | null, nowMs: number, isBehind = false): StreamEvent[] {
    if (this.#waiting.length === 0) return [];
    const heldMs = isBehind ? Infinity : captureMs === null ? HELD_MS_MAX : HELD_MS_LAST;
    const isDue = ({ event, sinceMs }: Waiting): boolean =>
      event.type === RETRACT ||
      event.at <= (captureMs ?? Number.NEGATIVE_INFINITY) ||
      nowMs - sinceMs >= heldMs;
    const due = this.#waiting.filter(isDue);
    if (due.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isDue(waiting));
    return due.map(({ event }) => event).sort((one, other) => one.id - other.id);
  }
}
