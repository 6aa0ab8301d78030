import type { ClusterConfig } from "../../config/cluster.ts";
import type {
  ClusterEvent,
  ClusterSetup,
  ClusterState,
  CutEvent,
  HeardStream,
  RemarkEvent,
} from "../../contract/cluster.ts";
import type { CloseReason } from "../../contract/session.ts";
import type { Logger } from "../../log.ts";
import type { NamedTrack } from "../../wire/cascade/name.ts";
import type { EtcdNames } from "../etcd/etcd-names.ts";
import { RingLease } from "../plane/lease.ts";
import type { MediaPlane, RelayPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import { Children } from "./children.ts";
import { ClusterAsks } from "./cluster-asks.ts";
import { LookUps } from "./look-ups.ts";
import { OwnerQuestions } from "./owner-questions.ts";
import { isRead, isSame, needsOf, type Pulled } from "./pulled.ts";
import { Source, type SourceTrack } from "./source.ts";
import type { Stream } from "./stream.ts";
import type { StreamEvent } from "./stream-event.ts";
import type { Streams } from "./streams.ts";

interface ClusterOptions {
  readonly relay: RelayPlane;
  readonly setup: ClusterSetup;
  readonly plane: MediaPlane;
  readonly streams: Streams;
  readonly clock: Clock;
  readonly log: Logger;
  /** The session that publishes a stream here ends, or waits. */
  readonly yieldName: (stream: Stream) => void;
  /** Who decides whose a name is; null: the nodes among each other. */
  readonly names: EtcdNames | null;
}

/** A stream that nobody here has read for so long is not pulled any more. */
const UNREAD_US = 2_000_000;

/** The streams of other nodes, as the relay worker hears of them, and those of this one, as it tells. */
export class Cluster {
  /** What nodes ask each other. */
  readonly asks: ClusterAsks;
  readonly #options: ClusterOptions;
  readonly #heard = new Map<string, HeardStream>();
  /** By name. */
  readonly #pulled = new Map<string, Pulled>();
  /** By a stream's number: leases of pulls that were ended and may still be written, the oldest first. */
  readonly #ending = new Map<number, RingLease[]>();
  /** What other nodes have from here. */
  readonly #children = new WeakMap<Stream, Children>();
  readonly #owners: OwnerQuestions;
  readonly #lookUps: LookUps;
  #setup: ClusterSetup;
  #seeds: readonly string[] = [];
  #left = false;
  readonly #waiting = new Set<() => void>();
  /** As the relay told last; null before it has. */
  state: ClusterState | null = null;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#setup = options.setup;
    this.#owners = new OwnerQuestions(options.relay);
    const { relay, clock, setup } = options;
    this.asks = new ClusterAsks({ relay, self: setup.node, first: setup.boot, clock });
    this.#lookUps = new LookUps(options.relay, options.clock);
  }

  get names(): EtcdNames | null {
    return this.#options.names;
  }

  get setup(): ClusterSetup {
    return this.#setup;
  }

  /** Streams that other nodes have. */
  heard(): Iterable<HeardStream> {
    return this.#heard.values();
  }

  /** Other secrets count from now on, and others let this node into etcd. */
  reload({ secrets, etcd }: Pick<ClusterConfig, "secrets" | "etcd">): void {
    if (etcd !== null) this.names?.setAccess(etcd);
    this.#setup = { ...this.#setup, secrets };
    this.#options.relay.send({ type: "cluster-secrets", secrets });
  }

  /** All addresses of the seeds. */
  setSeeds(addresses: readonly string[]): void {
    this.#seeds = addresses;
    this.#options.relay.send({ type: "seeds", addresses });
  }

  /** The other node that publishes it, as far as this one knows. */
  ownerOf(name: string): string | null {
    return this.#heard.get(name)?.owner ?? null;
  }

  /** Resolves when it is known whether another node has the name: at once, or when others were asked. */
  async find(name: string): Promise<void> {
    if (!this.#heard.has(name)) await this.#lookUps.ask(name);
  }

  /** Whether another node has the name, as far as this one knows. */
  isElsewhere(name: string): boolean {
    return this.#heard.has(name) && this.#options.streams.get(name)?.publisher == null;
  }

  /** Whether another node has the name, and heard of its publisher within so long; null: no answer. */
  async hears(name: string, withinMs: number): Promise<boolean | null> {
    return this.#heard.has(name) && (await this.#owners.ask(name, withinMs));
  }

  /**
   * Has the stream from another node if one has it: viewers can be answered at once, while its media is
   * on its way. False when none has, or no memory is left for its rings.
   */
  ensure(name: string): boolean {
    const heard = this.#heard.get(name);
    if (heard === undefined) return false;
    const stream = this.#options.streams.of(name);
    if (stream.source?.origin.kind === "session") return true;
    const pulled = this.#pulled.get(name);
    return (pulled !== undefined && isSame(pulled.heard, heard)) || this.#pull(stream, heard);
  }

  /** Nodes that have a stream from this one. */
  childrenOf(stream: Stream): number {
    return this.#children.get(stream)?.size ?? 0;
  }

  /** The relay worker has begun: it knows nothing, and what it had filled is lost. */
  relayStarted(): void {
    const { relay, streams } = this.#options;
    for (const pulled of [...this.#pulled.values()]) {
      this.#pulled.delete(pulled.heard.name);
      streams.ended(pulled.stream, pulled.source, "worker-lost");
      pulled.source.lease.writerGone();
    }
    for (const leases of this.#ending.values()) for (const lease of leases) lease.writerGone();
    this.#ending.clear();
    this.#heard.clear();
    relay.send({ type: "cluster", setup: this.#setup });
    relay.send({ type: "seeds", addresses: this.#seeds });
    for (const stream of streams.values()) {
      this.#audienceOf(stream).size = 0;
      // Behind the sources, of which it is told by whoever tells all readers.
      if (stream.source?.origin.kind === "session") this.#publish(stream, stream.source);
    }
  }

  /** What the relay worker tells. */
  readonly handle = (event: Exclude<ClusterEvent, RemarkEvent | CutEvent>): void => {
    if (event.type === "heard") this.#hear(event.name, event.stream);
    else if (event.type === "wanted") this.ensure(event.name);
    else if (event.type === "outranked") void this.#outranked(event.name);
    else if (event.type === "children") this.#countChildren(event.stream, event.count);
    else if (event.type === "pull-ended") this.#pullEnded(event.stream);
    else if (event.type === "owner-answer") this.#owners.answered(event.request, event.alive);
    else if (event.type === "looked-up") this.#lookUps.answered(event.name);
    else if (event.type === "left") this.#left = true;
    else if (event.type === "cluster-state") this.state = event.state;
    else this.asks.handle(event);
    for (const look of [...this.#waiting]) look();
  };

  /** What happens to the streams of this node. */
  readonly hear = (event: StreamEvent): void => {
    if (event.type === "left") this.names?.look(event.stream.name);
    if (event.type === "published" && event.source.origin.kind === "session") {
      this.#publish(event.stream, event.source);
    } else if (event.type === "unpublished" && event.source.origin.kind === "session") {
      // Another publisher of this node may have it already.
      if (event.stream.source?.origin.kind === "session") return;
      this.#options.relay.send({ type: "unpublish", name: event.stream.name });
    } else if (event.type === "joined" || event.type === "left") this.#tellViewers(event.stream);
  };

  /**
   * Called some times a second: what nobody reads any more is not pulled any longer, and what viewers
   * wait for is looked for.
   */
  tick(): void {
    for (const stream of this.#options.streams.values()) {
      if (stream.source === null && isRead(stream)) void this.find(stream.name);
    }
    const now = this.#options.clock.now();
    for (const pulled of [...this.#pulled.values()]) {
      if (isRead(pulled.stream)) pulled.unreadSince = null;
      else pulled.unreadSince ??= now;
      if (pulled.unreadSince !== null && now - pulled.unreadSince >= UNREAD_US)
        this.#end(pulled, "deleted");
    }
  }

  /** Other nodes look for another parent; resolves when none has a stream of a third one from here. */
  async drain(ms: number): Promise<void> {
    this.#options.relay.send({ type: "drain", ms });
    await this.#waitFor(() =>
      [...this.#pulled.values()].every(({ stream }) => this.childrenOf(stream) === 0),
    );
  }

  /** Other nodes are told that this one is gone, and its names are free. */
  async leave(): Promise<void> {
    await Promise.all([this.#leaveNodes(), this.names?.stop()]);
  }

  /** Another node has the name: its publisher here is ended, its viewers go on to the other. */
  lost(name: string): void {
    const stream = this.#options.streams.get(name);
    if (stream === undefined || stream.publisher === null) return;
    this.#options.log.warn("Another node has the name", { stream: name });
    this.#options.yieldName(stream);
    if (isRead(stream)) this.ensure(name);
  }

  async #leaveNodes(): Promise<void> {
    if (this.#options.relay.send({ type: "leave" })) await this.#waitFor(() => this.#left);
  }

  /** Resolves when the condition holds after something that the relay told. */
  #waitFor(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (!condition()) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  #hear(name: string, heard: HeardStream | null): void {
    if (heard === null) this.#heard.delete(name);
    else this.#heard.set(name, heard);
    const pulled = this.#pulled.get(name);
    const stream = this.#options.streams.get(name);
    const isWanted = stream !== undefined && isRead(stream);
    if (pulled !== undefined && (heard === null || !isSame(pulled.heard, heard))) {
      // Viewers go on to the new source at once, if there is one and they are there.
      if (heard === null || !isWanted) this.#end(pulled, "peer-closed");
    }
    if (heard !== null && isWanted) this.ensure(name);
  }

  #pull(stream: Stream, heard: HeardStream): boolean {
    const { relay, plane, streams, clock, log } = this.#options;
    const lease = RingLease.take(plane, needsOf(heard.tracks), relay.worker);
    if (lease === null) {
      const mend = "raise --ring-memory, or let fewer streams be watched at once";
      log.warn("No memory for the rings of another node's stream", { stream: stream.name, mend });
      streams.letGo(stream);
      return false;
    }
    const rings = lease.rings.flat();
    const source = new Source({
      epoch: streams.nextEpoch(),
      sinceUs: clock.now(),
      origin: { kind: "link", address: heard.owner, end: () => this.#endPull(stream, lease) },
      lease,
      tracks: heard.tracks.map((track, i): SourceTrack => ({ ...track, ring: rings[i]! })),
    });
    stream.audiences.add(this.#audienceOf(stream));
    streams.goLive(stream, source);
    this.#pulled.set(stream.name, { heard, stream, source, unreadSince: null });
    relay.send({ type: "pull", name: stream.name, stream: stream.number, rings });
    this.#tellViewers(stream);
    return true;
  }

  /** Nothing comes of it any more; its viewers, if there are any, wait for another source. */
  #end({ stream, source }: Pulled, reason: CloseReason): void {
    this.#endPull(stream, source.lease);
    this.#options.streams.ended(stream, source, reason);
  }

  #endPull(stream: Stream, lease: RingLease): void {
    if (this.#pulled.get(stream.name)?.source.lease === lease) this.#pulled.delete(stream.name);
    const ending = this.#ending.get(stream.number) ?? [];
    ending.push(lease);
    this.#ending.set(stream.number, ending);
    this.#options.relay.send({ type: "end-pull", stream: stream.number });
  }

  #pullEnded(stream: number): void {
    const ending = this.#ending.get(stream);
    ending?.shift()?.writerGone();
    if (ending?.length === 0) this.#ending.delete(stream);
  }

  #publish(stream: Stream, source: Source): void {
    const tracks = source.tracks.map(
      ({ kind, rid, codec, fmtp, channels }): NamedTrack => ({ kind, rid, codec, fmtp, channels }),
    );
    stream.audiences.add(this.#audienceOf(stream));
    const ordered = [...tracks].sort(
      (a, b) => Number(a.kind === "video") - Number(b.kind === "video"),
    );
    this.#options.relay.send({
      type: "publish",
      name: stream.name,
      stream: stream.number,
      tracks: ordered,
      epochMin: this.names?.epochOf(stream.name) ?? 0,
    });
    this.#tellViewers(stream);
  }

  /** Nodes go by the epoch. Where etcd says that it is this one's, it goes above the other's. */
  async #outranked(name: string): Promise<void> {
    const isOwn = this.names !== null && (await this.names.recheck(name)) === "won";
    if (!isOwn) {
      this.lost(name);
      return;
    }
    const { source, publisher } = this.#options.streams.get(name) ?? {};
    if (source != null && publisher != null) this.#publish(this.#options.streams.of(name), source);
  }

  #countChildren(number: number, count: number): void {
    const { streams } = this.#options;
    for (const stream of streams.values()) {
      if (stream.number !== number) continue;
      this.#audienceOf(stream).size = count;
      streams.letGo(stream);
    }
  }

  #audienceOf(stream: Stream): Children {
    const known = this.#children.get(stream) ?? new Children();
    this.#children.set(stream, known);
    return known;
  }

  #tellViewers(stream: Stream): void {
    this.#options.relay.send({
      type: "viewers",
      stream: stream.number,
      count: stream.viewers.size,
    });
  }
}
