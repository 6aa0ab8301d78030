/** Everything that happens to streams and sessions passes here, and whoever wants it listens. */
import type { StreamEvent } from "../streams/stream-event.ts";

/** Takes every event; picks those that it cares for by their `type`. */
export type Sink = (event: StreamEvent) => void;

export class Bus {
  readonly #sinks: Sink[] = [];
  readonly #onFault: (error: unknown) => void;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Each event goes to the sinks in the order in which they subscribed. */
  subscribe(sink: Sink): void {
    this.#sinks.push(sink);
  }

  /** A sink that throws costs itself this event; the others, and who publishes, go on. */
  publish(event: StreamEvent): void {
    for (const sink of this.#sinks) {
      try {
        sink(event);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
