/** What is said of all streams, and who listens to it beside the viewers' sessions. */
import { EVENT_BURST, EVENT_SENDERS_MAX, EVENTS_PER_SECOND } from "../../limits.ts";
import type { Clock } from "../ports.ts";
import { Budgets } from "../streams/budgets.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { ClusterQuestion } from "../streams/cluster-asks.ts";
import {
  type Draft,
  type Refusal,
  type Remark,
  type RemarkRoot,
  readAnswer,
  type Speaker,
} from "../streams/remark.ts";
import type { Stream } from "../streams/stream.ts";
import type { Publish } from "../streams/stream-event.ts";
import type { Streams } from "../streams/streams.ts";
import type { Sink } from "./bus.ts";
import { Discussion, type Moment } from "./discussion.ts";
import { EventStream, encodeRemarks } from "./event-stream.ts";
import { Listeners } from "./listeners.ts";

interface DiscussionsOptions {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly publish: Publish;
  /** Null where this node belongs to no cluster. */
  readonly cluster: Pick<Cluster, "ownerOf" | "asks"> | null;
}

export class Discussions implements RemarkRoot {
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

  /** Says something of a stream of this node, or of another that is asked to. */
  async say(name: string, draft: Draft, by: Speaker): Promise<Remark | Refusal> {
    const owner = this.#elsewhere(name);
    if (owner === null) return this.sayHere(name, draft, by);
    const { at, ...rest } = draft;
    const timed = at === null ? rest : draft;
    return this.#ask({ about: "say", stream: name, draft: timed, by }, owner);
  }

  /** Takes back what was said of it. */
  async retract(name: string, id: number, by: Speaker): Promise<Remark | Refusal> {
    const owner = this.#elsewhere(name);
    if (owner === null) return this.retractHere(name, id, by);
    return this.#ask({ about: "retract", stream: name, id, by }, owner);
  }

  async sayHere(name: string, draft: Draft, by: Speaker): Promise<Remark | Refusal> {
    const stream = this.#own(name);
    if (stream === null) return "not-live";
    return this.#of(name).say(draft, by, this.#moment(stream));
  }

  async retractHere(name: string, id: number, by: Speaker): Promise<Remark | Refusal> {
    const stream = this.#own(name);
    if (stream === null) return "not-live";
    return this.#byName.get(name)?.retract(id, by, this.#moment(stream)) ?? "unknown";
  }

  /** Takes what another node has numbered. */
  take(stream: Stream, remark: Remark): void {
    // Its publisher has come here meanwhile: it is numbered here.
    if (stream.source?.origin.kind !== "link") return;
    const { clock, publish } = this.#options;
    if (this.#of(stream.name).take(remark, clock.now())) {
      publish({ type: "remark", stream, remark });
    }
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
    events.repeat(encodeRemarks(listeners.told(this.since(stream.name, id))));
    listeners.add(events);
    return events.open(this.#options.clock.now(), () => {
      whenLeft();
      this.#left(stream, listeners, events);
    });
  }

  readonly hear: Sink = (event) => {
    if (event.type !== "remark") return;
    const { stream, remark } = event;
    this.#listeners.get(stream)?.push(remark, this.#options.clock.now());
  };

  /** Called some times a second. */
  tick(): void {
    const { streams } = this.#options;
    for (const [name, discussion] of this.#byName) {
      const stream = streams.get(name);
      discussion.tick(this.#moment(stream ?? null));
      if (discussion.isOver && stream === undefined) this.#byName.delete(name);
    }
    const now = this.#options.clock.now();
    for (const listeners of this.#listeners.values()) listeners.tick(now);
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

  /** The other node that numbers what is said of it; null where that is this one. */
  #elsewhere(name: string): string | null {
    const { streams, cluster } = this.#options;
    const isHere = streams.get(name)?.source?.origin.kind === "session";
    return isHere ? null : (cluster?.ownerOf(name) ?? null);
  }

  /** A stream whose remarks are numbered here. */
  #own(name: string): Stream | null {
    const { streams, cluster } = this.#options;
    const stream = streams.get(name);
    if (stream === undefined || stream.abandoned) return null;
    // Of one that nobody brings at present a node that is alone goes on: no other can have it.
    const isOwn = stream.source === null ? cluster === null : stream.source.origin.kind !== "link";
    return isOwn ? stream : null;
  }

  async #ask(question: ClusterQuestion, owner: string): Promise<Remark | Refusal> {
    const replies = await this.#options.cluster!.asks.ask(question, owner);
    return readAnswer(replies.find(({ node }) => node === owner)?.value);
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
