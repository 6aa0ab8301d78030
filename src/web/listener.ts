/** Listens to all that is said of a stream, over a connection of its own. */
import { withToken } from "./addresses.ts";
import { readStreamEvent, STREAM_EVENT_TYPES, type StreamEvent } from "./streamevent.ts";

/** After what the browser does not try again by itself: nobody publishes, or there is no room. */
const AGAIN_MS = 5_000;

export class Listener {
  readonly #url: string;
  readonly #hear: (event: StreamEvent) => void;
  #events: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `address`: of /events/NAME. */
  constructor(address: string, token: string | null, hear: (event: StreamEvent) => void) {
    this.#url = withToken(address, token);
    this.#hear = hear;
  }

  start(): void {
    const events = new EventSource(this.#url);
    this.#events = events;
    hearStreamEvents(events, this.#hear);
    events.addEventListener("error", () => {
      if (events.readyState !== EventSource.CLOSED || this.#events !== events) return;
      this.#timer = setTimeout(() => this.start(), AGAIN_MS * (1 + Math.random() / 4));
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = null;
  }
}

export function hearStreamEvents(source: EventSource, hear: (event: StreamEvent) => void): void {
  for (const type of STREAM_EVENT_TYPES) {
    source.addEventListener(type, ({ data }) => {
      const event = readStreamEvent(data);
      if (event !== null) hear(event);
    });
  }
}
