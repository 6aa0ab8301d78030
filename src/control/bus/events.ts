/**
 * The WHEP events extension: server-sent events of one viewer session. A player subscribes with a
 * POST and reads the stream that it gets; some players GET the advertised URL at once.
 */
import { EVENT_HEARTBEAT_US, EVENT_QUEUE_MAX, EVENT_STREAMS_PER_SESSION } from "../../limits.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";

export const EVENT_NAMES = ["active", "inactive", "layers", "reconnect", "viewercount"] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** One subscription. Events wait in it, bounded, until somebody reads. */
class EventStream {
  readonly #queue: string[] = [];
  #reader: ReadableStreamDefaultController<Uint8Array> | null = null;
  #lastUs = 0;

  constructor(readonly names: ReadonlySet<EventName>) {}

  push(name: EventName, data: unknown): void {
    if (!this.names.has(name)) return;
    this.#queue.push(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    if (this.#queue.length > EVENT_QUEUE_MAX) this.#queue.shift();
    this.#flush();
  }

  /** A new reader takes the place of the one before. */
  open(nowUs: number, whenLeft: () => void): ReadableStream<Uint8Array> {
    this.#close();
    this.#lastUs = nowUs;
    let mine: ReadableStreamDefaultController<Uint8Array> | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          mine = controller;
          this.#reader = controller;
          // A first line makes proxies and browsers see the response begin.
          controller.enqueue(encoder.encode(": spillway\n\n"));
          this.#flush();
        },
        pull: () => this.#flush(),
        cancel: () => {
          if (this.#reader !== mine) return;
          this.#reader = null;
          whenLeft();
        },
      },
      { highWaterMark: EVENT_QUEUE_MAX },
    );
  }

  heartbeat(nowUs: number): void {
    if (this.#reader === null || nowUs - this.#lastUs < EVENT_HEARTBEAT_US) return;
    this.#lastUs = nowUs;
    if ((this.#reader.desiredSize ?? 0) > 0) this.#reader.enqueue(encoder.encode(": alive\n\n"));
  }

  /** Drops the queue and ends the reader's response. */
  destroy(): void {
    this.#queue.length = 0;
    this.#close();
  }

  #flush(): void {
    while (this.#reader !== null && this.#queue.length > 0 && (this.#reader.desiredSize ?? 0) > 0) {
      this.#reader.enqueue(encoder.encode(this.#queue.shift()));
    }
  }

  #close(): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.close();
  }
}

const encoder = new TextEncoder();

/** An event as a player gets it. */
export interface NamedEvent {
  readonly name: EventName;
  readonly data: unknown;
}

/** All event streams, by viewer session. */
export class EventHub {
  readonly #streams = new Map<ViewerSession, Map<string, EventStream>>();
  readonly #clock: Clock;
  readonly #random: RandomBytes;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The new stream's id, or null when the session has too many. `first` stands in it at once. */
  create(
    session: ViewerSession,
    names: readonly EventName[],
    first: readonly NamedEvent[],
  ): string | null {
    let streams = this.#streams.get(session);
    if (streams === undefined) {
      streams = new Map();
      this.#streams.set(session, streams);
    }
    if (streams.size >= EVENT_STREAMS_PER_SESSION) return null;
    const id = Buffer.from(this.#random(16)).toString("base64url");
    const stream = new EventStream(new Set(names));
    streams.set(id, stream);
    for (const { name, data } of first) stream.push(name, data);
    return id;
  }

  /** The response body, or null when there is no such stream. */
  open(session: ViewerSession, id: string, disposable: boolean): ReadableStream<Uint8Array> | null {
    const stream = this.#streams.get(session)?.get(id);
    if (stream === undefined) return null;
    return stream.open(this.#clock.now(), () => {
      if (disposable) this.destroy(session, id);
    });
  }

  /** False when there is no such stream. */
  destroy(session: ViewerSession, id: string): boolean {
    const streams = this.#streams.get(session);
    const stream = streams?.get(id);
    if (streams === undefined || stream === undefined) return false;
    stream.destroy();
    streams.delete(id);
    if (streams.size === 0) this.#streams.delete(session);
    return true;
  }

  /** The session has ended: its streams go with it. */
  destroySession(session: ViewerSession): void {
    for (const stream of this.#streams.get(session)?.values() ?? []) stream.destroy();
    this.#streams.delete(session);
  }

  send(session: ViewerSession, name: EventName, data: unknown): void {
    for (const stream of this.#streams.get(session)?.values() ?? []) stream.push(name, data);
  }

  heartbeat(): void {
    const now = this.#clock.now();
    for (const streams of this.#streams.values()) {
      for (const stream of streams.values()) stream.heartbeat(now);
    }
  }

  /** Sessions that somebody listens for. */
  listening(): IterableIterator<ViewerSession> {
    return this.#streams.keys();
  }

  /** Whether somebody listens for this session. */
  hears(session: ViewerSession): boolean {
    return this.#streams.has(session);
  }

  get size(): number {
    return this.#streams.size;
  }
}
