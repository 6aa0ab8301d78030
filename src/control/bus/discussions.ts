/** What is said of all streams, and who listens to it beside the viewers' sessions. */
import { EVENT_BURST, EVENT_SENDERS_MAX, EVENTS_PER_SECOND } from "../../limits.ts";
import type { Clock } from "../ports.ts";
import { Budgets } from "../streams/budgets.ts";
import type { Draft, Refusal, Remark, Speaker } from "../streams/remark.ts";
import type { Stream } from "../streams/stream.ts";
import type { Publish } from "../streams/stream-event.ts";
import type { Streams } from "../streams/streams.ts";
import type { Sink } from "./bus.ts";
import { Discussion, type Moment } from "./discussion.ts";
import { EventStream, encodeEvent, encodeRemarks } from "./event-stream.ts";
import { Listeners } from "./listeners.ts";

interface DiscussionsOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly publish: Publish;
}

export class Discussions {
  readonly #options: DiscussionsOptions;
  readonly #byName = new Map<string, Discussion>();
  readonly #listeners = new Map<Stream, Listeners>();
  readonly #ground = {
    budgets: new Budgets({
      perSecond: EVENTS_PER_SECOND,
      burst: EVENT_BURST,
      max: EVENT_SENDERS_MAX,
    }),
    kept: { total: 0 },
  };

  constructor(options: DiscussionsOptions) {
    this.#options = options;
  }

  /** Remarks that are kept. */
  get kept(): number {
    return this.#ground.kept.total;
  }

  /** Those who listen to nothing else. */
  get listening(): number {
    let sum = 0;
    for (const { size } of this.#listeners.values()) sum += size;
    return sum;
  }

  /** Says something of a stream of this node. */
  say(stream: Stream, draft: Draft, by: Speaker): Remark | Refusal | Promise<Remark | Refusal> {
    return this.#of(stream.name).say(draft, by, this.#moment(stream));
  }

  /** Takes back what was said of it. */
  retract(stream: Stream, id: number, by: Speaker): Remark | Refusal {
    const discussion = this.#byName.get(stream.name);
    return discussion?.retract(id, by, this.#moment(stream)) ?? "unknown";
  }

  /** What is kept of the stream with this name and came after the remark with this id. */
  since(name: string, id: number): readonly Remark[] {
    return this.#byName.get(name)?.since(id) ?? [];
  }

  /**
   * What is said of a stream from now on, and before that what came after the remark with this id.
   * `whenLeft`: the reader has gone.
   */
  listen(stream: Stream, id: number, whenLeft: () => void): ReadableStream<Uint8Array> {
    const listeners = this.#listeners.get(stream) ?? new Listeners();
    this.#listeners.set(stream, listeners);
    stream.audiences.add(listeners);
    const events = new EventStream();
    events.repeat(encodeRemarks(this.since(stream.name, id)));
    listeners.add(events);
    return events.open(this.#options.clock.now(), () => {
      whenLeft();
      this.#left(stream, listeners, events);
    });
  }

  readonly hear: Sink = (event) => {
    if (event.type !== "remark") return;
    const { stream, remark } = event;
    this.#listeners.get(stream)?.push(encodeEvent(remark.type, remark, remark.id));
  };

  /** Called some times a second. */
  tick(): void {
    const { streams } = this.#options;
    for (const [name, discussion] of this.#byName) {
      const stream = streams.get(name);
      discussion.tick(this.#moment(stream ?? null));
      if (discussion.isOver && stream === undefined) this.#byName.delete(name);
    }
  }

  /** Called about once a second: those who listen hear that the server is there. */
  heartbeat(): void {
    const now = this.#options.clock.now();
    this.#ground.budgets.sweep(now);
    for (const listeners of this.#listeners.values()) listeners.heartbeat(now);
  }

  /** Ends all responses. */
  stop(): void {
    for (const listeners of this.#listeners.values()) listeners.stop();
  }

  #of(name: string): Discussion {
    let discussion = this.#byName.get(name);
    if (discussion === undefined) {
      discussion = new Discussion(this.#ground, (remark) => this.#tell(name, remark));
      this.#byName.set(name, discussion);
    }
    return discussion;
  }

  #tell(name: string, remark: Remark): void {
    const stream = this.#options.streams.get(name);
    if (stream !== undefined) this.#options.publish({ type: "remark", stream, remark });
  }

  #left(stream: Stream, listeners: Listeners, events: EventStream): void {
    listeners.delete(events);
    if (listeners.size > 0) return;
    this.#listeners.delete(stream);
    stream.audiences.delete(listeners);
    this.#options.streams.letGo(stream);
  }

  /** Of a stream that nobody brings at present the numbers go on. */
  #moment(stream: Stream | null): Moment {
    const { clock } = this.#options;
    const source = stream?.source ?? null;
    const term = source?.origin.kind === "link" ? null : (source?.epoch ?? 0);
    return { now: clock.now(), wall: clock.wall(), term };
  }
}
