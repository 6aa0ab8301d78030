/**
 * The WHEP events extension: server-sent events of one viewer session. A player subscribes with a
 * POST and reads the stream that it gets; some players GET the advertised URL at once.
 */
import { EVENT_STREAMS_PER_SESSION } from "../../limits.ts";
import type { Clock, RandomBytes } from "../ports.ts";
import { REMARK_TYPES, RETRACT, type Remark } from "../streams/remark.ts";
import type { ViewerSession } from "../streams/viewer-session.ts";
import { EventStream, encodeEvent, encodeRemarks } from "./event-stream.ts";

/** First those of the extension, then what is said of the stream. */
export const EVENT_NAMES = [
  "active",
  "inactive",
  "layers",
  "reconnect",
  "viewercount",
  ...REMARK_TYPES,
  RETRACT,
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** An event as a player gets it. */
export interface NamedEvent {
  readonly name: EventName;
  readonly data: unknown;
}

/** A player's own stream of events, and what it wants to hear. */
interface Subscription {
  readonly names: ReadonlySet<EventName>;
  readonly stream: EventStream;
}

/** All event streams, by viewer session. */
export class EventHub {
  readonly #streams = new Map<ViewerSession, Map<string, Subscription>>();
  readonly #clock: Clock;
  readonly #random: RandomBytes;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * The new stream's id, or null when the session has too many. `first` stands in it at once, and what
   * was `said` of its stream.
   */
  create(
    session: ViewerSession,
    names: readonly EventName[],
    first: readonly NamedEvent[],
    said: readonly Remark[],
  ): string | null {
    let streams = this.#streams.get(session);
    if (streams === undefined) {
      streams = new Map();
      this.#streams.set(session, streams);
    }
    if (streams.size >= EVENT_STREAMS_PER_SESSION) return null;
    const id = Buffer.from(this.#random(16)).toString("base64url");
    const subscription = { names: new Set(names), stream: new EventStream() };
    streams.set(id, subscription);
    for (const { name, data } of first) push(subscription, name, encodeEvent(name, data, null));
    repeat(subscription, said);
    return id;
  }

  /**
   * The response body, or null when there is no such stream. `missed`: what was said since its reader
   * heard something last; null: it does not say when.
   */
  open(
    session: ViewerSession,
    id: string,
    disposable: boolean,
    missed: readonly Remark[] | null = null,
  ): ReadableStream<Uint8Array> | null {
    const subscription = this.#streams.get(session)?.get(id);
    if (subscription === undefined) return null;
    if (missed !== null) repeat(subscription, missed);
    return subscription.stream.open(this.#clock.now(), () => {
      if (disposable) this.destroy(session, id);
    });
  }

  /** False when there is no such stream. */
  destroy(session: ViewerSession, id: string): boolean {
    const streams = this.#streams.get(session);
    const subscription = streams?.get(id);
    if (streams === undefined || subscription === undefined) return false;
    subscription.stream.destroy();
    streams.delete(id);
    if (streams.size === 0) this.#streams.delete(session);
    return true;
  }

  /** The session has ended: its streams go with it. */
  destroySession(session: ViewerSession): void {
    for (const { stream } of this.#streams.get(session)?.values() ?? []) stream.destroy();
    this.#streams.delete(session);
  }

  send(session: ViewerSession, name: EventName, data: unknown): void {
    if (this.hears(session)) this.sendEncoded(session, name, encodeEvent(name, data, null));
  }

  /** The same of what was encoded once for many; `numbered`: with an id. */
  sendEncoded(session: ViewerSession, name: EventName, bytes: Uint8Array, numbered = false): void {
    for (const each of this.#streams.get(session)?.values() ?? []) {
      push(each, name, bytes, numbered);
    }
  }

  heartbeat(): void {
    const now = this.#clock.now();
    for (const streams of this.#streams.values()) {
      for (const { stream } of streams.values()) stream.heartbeat(now);
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

function push(
  { names, stream }: Subscription,
  name: EventName,
  bytes: Uint8Array,
  numbered = false,
): void {
  if (names.has(name)) stream.push(bytes, numbered);
}

function repeat({ names, stream }: Subscription, said: readonly Remark[]): void {
  stream.repeat(encodeRemarks(said.filter(({ type }) => names.has(type))));
}
