import type { Audience } from "../streams/audience.ts";
import type { EventStream } from "./event-stream.ts";

/** Those who listen to what is said of a stream: it is kept for them, whether they watch it here or not. */
export class Listeners implements Audience {
  readonly #streams = new Set<EventStream>();

  get size(): number {
    return this.#streams.size;
  }

  /** Nothing of theirs depends on where its media comes from. */
  follow(): void {}

  add(events: EventStream): void {
    this.#streams.add(events);
  }

  delete(events: EventStream): void {
    this.#streams.delete(events);
  }

  push(bytes: Uint8Array): void {
    for (const events of this.#streams) events.push(bytes, true);
  }

  heartbeat(now: number): void {
    for (const events of this.#streams) events.heartbeat(now);
  }

  stop(): void {
    for (const events of this.#streams) events.destroy();
  }
}
