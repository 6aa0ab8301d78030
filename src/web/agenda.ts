/**
 * What is said of a stream waits here until the picture that it is about is shown: so viewers in
 * different tiers, seconds apart, see the same beside the same picture. Pure.
 */
import { RETRACT, type StreamEvent } from "./streamevent.ts";

/** While no picture moves, nothing waits for longer ... */
const HELD_MS_MAX = 3_000;
/** ... and never: what is ten seconds ahead, seen ten seconds late. */
const HELD_MS_LAST = 20_000;
/** It may come twice, by two ways: of so many that is noticed. */
const KNOWN_MAX = 1_000;

interface Waiting {
  readonly event: StreamEvent;
  readonly sinceMs: number;
}

export class Agenda {
  readonly #known = new Set<number>();
  #waiting: Waiting[] = [];

  add(event: StreamEvent, nowMs: number): void {
    if (this.#known.has(event.id)) return;
    this.#known.add(event.id);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.values().next().value!);
    if (event.type === RETRACT) {
      const { id } = event.data;
      // Nobody sees it any more; that it is over is told also to whoever said it.
      this.#waiting = this.#waiting.filter((waiting) => waiting.event.id !== id);
    }
    this.#waiting.push({ event, sinceMs: nowMs });
  }

  /** Those whose time has come, as they were said. `captureMs`: of the picture that is shown; null for none. */
  take(captureMs: number | null, nowMs: number): StreamEvent[] {
    if (this.#waiting.length === 0) return [];
    const heldMs = captureMs === null ? HELD_MS_MAX : HELD_MS_LAST;
    const isDue = ({ event, sinceMs }: Waiting): boolean =>
      event.type === RETRACT ||
      event.at <= (captureMs ?? Number.NEGATIVE_INFINITY) ||
      nowMs - sinceMs >= heldMs;
    const due = this.#waiting.filter(isDue);
    if (due.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isDue(waiting));
    return due.map(({ event }) => event).sort((one, other) => one.id - other.id);
  }
}
