import { EVENT_LISTENER_US, EVENT_LISTENERS_AT_ONCE } from "../../limits.ts";
import type { Audience } from "../streams/audience.ts";
import type { Remark } from "../streams/remark.ts";
import { type EventStream, encodeEvent } from "./event-stream.ts";

/** Those who listen to what is said of a stream: it is kept for them, whether they watch it here or not. */
export class Listeners implements Audience {
  readonly #streams = new Set<EventStream>();
  /** What they have not been told yet, and the number of the first of it. */
  #waiting: Uint8Array[] = [];
  #first = Number.POSITIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#streams.size;
  }

  /** Nothing of theirs depends on where its media comes from. */
  follow(): void {}

  /** Of what is kept another one gets this; what waits he is told with the others. */
  told(remarks: readonly Remark[]): Remark[] {
    return remarks.filter(({ id }) => id < this.#first);
  }

  add(events: EventStream): void {
    this.#streams.add(events);
  }

  delete(events: EventStream): void {
    this.#streams.delete(events);
  }

  /** Goes out at once where that is not too often. */
  push(remark: Remark, now: number): void {
    this.#first = Math.min(this.#first, remark.id);
    this.#waiting.push(encodeEvent(remark.type, remark, remark.id));
    this.tick(now);
  }

  /** Called some times a second. */
  tick(now: number): void {
    const { size } = this.#streams;
    const isMany = size > EVENT_LISTENERS_AT_ONCE;
    if (isMany && now - this.#toldAt < size * EVENT_LISTENER_US) return;
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#first = Number.POSITIVE_INFINITY;
    this.#toldAt = now;
    for (const events of this.#streams) events.push(bytes, true);
  }

  heartbeat(now: number): void {
    for (const events of this.#streams) events.heartbeat(now);
  }

  stop(): void {
    for (const events of this.#streams) events.destroy();
  }
}
