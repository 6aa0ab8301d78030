/** One node in virtual time: its relay, and as much of control as the cascade needs. */
import { type NodeSelf, type RoleWish, roleOf } from "../../../src/cascade/greeting.ts";
import type { KnownName } from "../../../src/cascade/names.ts";
import { COUNTER_NAMES } from "../../../src/contract/counters.ts";
import type { RingGrant, StreamSource } from "../../../src/contract/source.ts";
import { Feeds } from "../../../src/feed/feeds.ts";
import type { Following } from "../../../src/feed/following.ts";
import { Relay } from "../../../src/relay/relay.ts";
import { createRing } from "../../../src/ring/layout.ts";
import type { NamedTrack } from "../../../src/wire/cascade/name.ts";
import { Publisher } from "./publisher.ts";
import { type Pulled, sourceOf } from "./sources.ts";
import { Watcher } from "./watcher.ts";
import type { World } from "./world.ts";

/** Reader numbers in rings. */
const RELAY = 0;
const VIEWERS = 1;
const READERS = 2;
/** A turn of a node's loop at the latest. */
const TURN_US = 50_000;
/** What comes within so long is read together; where all are linked with many, more does. */
const GATHERED_US = 200;
const GATHERED_MANY_US = 1_000;
const MANY = 20;
/** As control does it. */
const CONTROL_US = 200_000;
const UNREAD_US = 2_000_000;

export class SimNode {
  relay!: Relay;
  readonly id: string;
  readonly address: string;
  alive = true;
  draining = false;
  /** Its thread stands still until then, in virtual time. */
  pausedUntil = 0;
  boot = 0;
  readonly watchers: Watcher[] = [];
  readonly publishers = new Map<string, Publisher>();
  readonly heard = new Map<string, KnownName>();
  /** Names that another node has instead, links that are over, in words, and what it became. */
  readonly outranked: string[] = [];
  readonly closings: string[] = [];
  readonly turns: string[] = [];
  /** What owners of names say of their publishers; CUTs that it was told, and whether nodes below want some. */
  readonly answers: boolean[] = [];
  readonly cuts: number[] = [];
  readonly wished: boolean[] = [];
  /** As if each watcher were so many viewers. */
  crowd = 1;
  readonly #world: World;
  /** Its clock shows something else than all others. */
  readonly #offset: number;
  readonly #wish: RoleWish;
  readonly #streams = new Map<string, number>();
  readonly #pulls = new Map<string, Pulled>();
  readonly #sources = new Map<string, StreamSource | null>();
  readonly #following = new Map<string, Following>();
  /** Publishers that wait until their name was looked up. */
  readonly #announced = new Map<string, () => void>();
  readonly #inbox: (() => void)[] = [];
  readonly #gatheredUs = () => (this.#world.nodes.length > MANY ? GATHERED_MANY_US : GATHERED_US);
  #feeds!: Feeds;
  #epoch = 0;
  #rings = 0;
  #turnAt = Number.POSITIVE_INFINITY;
  #controlAt = 0;
  /** It was not on time: its thread stood still. */
  #stood = false;

  constructor(
    world: World,
    readonly number: number,
    wish: RoleWish,
    readonly region: string,
  ) {
    this.#wish = wish;
    this.#world = world;
    this.#offset = Math.floor(1e6 + world.random() * 1e12);
    this.id = world.idOf(number);
    this.address = `10.0.0.${number + 1}:8300`;
    this.start();
  }

  /** What its own clock shows. */
  get now(): number {
    return this.#world.now + this.#offset;
  }

  get role(): "core" | "edge" {
    return this.relay.node.self.role;
  }

  get runs(): boolean {
    return this.alive && this.#world.now >= this.pausedUntil;
  }

  /** A new process on the machine. */
  start(): void {
    this.alive = true;
    this.draining = false;
    this.boot += 1;
    for (const known of [this.#streams, this.#pulls, this.#sources]) known.clear();
    for (const waiting of [this.#following, this.#announced]) waiting.clear();
    for (const known of [this.heard, this.publishers]) known.clear();
    for (const list of [this.#inbox, this.watchers]) list.length = 0;
    const counters = new Float64Array(COUNTER_NAMES.length);
    const allocate = (bytes: number) => ({ bytes: new Uint8Array(bytes), address: 0 });
    const wish = ({ index }: RingGrant): void => {
      this.relay.mark(index, this.now);
    };
    this.#feeds = new Feeds({ reader: VIEWERS, allocate, wish, lapped: () => {}, counters });
    this.relay = this.#relay(counters, allocate, wish);
    this.#wake(this.#world.now);
  }

  /** The process is gone, and all that it had. */
  crash(): void {
    this.alive = false;
    this.publishers.clear();
    this.watchers.length = 0;
  }

  seed(...addresses: string[]): void {
    this.relay.node.members.setSeeds(addresses, this.now);
    this.#wake(this.#world.now);
  }

  /** As `publish`, when others have been asked for the name: its epoch is above all that they know. */
  announce(name: string, tracks: readonly NamedTrack[], start?: number): void {
    this.#announced.set(name, () => this.publish(name, tracks, start));
    this.#lookUp(name);
  }

  publish(name: string, tracks: readonly NamedTrack[], start = 1000): Publisher {
    this.#endPull(name);
    const grants = tracks.map(({ kind }) => this.#ring(kind));
    const publisher = new Publisher(name, tracks, grants, start, READERS);
    this.publishers.set(name, publisher);
    this.#setSource(name, sourceOf(++this.#epoch, tracks, grants));
    this.relay.publish(name, this.#stream(name), tracks, this.now);
    for (const watcher of this.watchers) if (watcher.name === name) this.#attach(watcher);
    this.#wake(this.#world.now);
    return publisher;
  }

  unpublish(name: string): void {
    this.#announced.delete(name);
    if (!this.publishers.delete(name)) return;
    this.relay.unpublish(name, this.now);
    this.#setSource(name, null);
    this.#hearAgain(name);
    this.#wake(this.#world.now);
  }

  watch(name: string, layers: readonly number[] = [0]): Watcher {
    const watcher = new Watcher(name, layers, () => this.#world.now);
    this.watchers.push(watcher);
    this.#ensure(name);
    this.#lookUp(name);
    this.#attach(watcher);
    this.#tellViewers(name);
    this.#wake(this.#world.now);
    return watcher;
  }

  unwatch(watcher: Watcher): void {
    this.watchers.splice(this.watchers.indexOf(watcher), 1);
    for (const feed of watcher.following?.feeds ?? []) feed.detach(watcher);
    this.#tellViewers(watcher.name);
  }

  /** The layers that it is shown from now on. */
  choose(watcher: Watcher, layers: readonly number[]): void {
    const { following } = watcher;
    for (const feed of following?.video ?? []) feed.detach(watcher);
    (watcher as { layers: readonly number[] }).layers = layers;
    for (const layer of layers) watcher.begin(following?.video[layer], this.now);
    this.#wake(this.#world.now);
  }

  /** It says that it leaves; what it has goes on for a while. */
  drain(): void {
    this.draining = true;
    this.relay.node.drain(5_000);
    this.#wake(this.#world.now);
  }

  /** Ends as a process does that was told to. */
  leave(): void {
    this.relay.stop(this.now);
    this.crash();
    this.alive = true;
  }

  /** What came for it is read when its thread runs. */
  receive(work: () => void): void {
    if (!this.alive) return;
    this.#inbox.push(work);
    this.#wake(Math.max(this.#world.now + this.#gatheredUs(), this.pausedUntil));
  }

  /** Something of its publishers is new. */
  published(): void {
    for (const { grants } of this.publishers.values()) {
      for (const { index } of grants) this.#news(index);
    }
    this.#wake(this.#world.now + this.#gatheredUs());
  }

  /** The key of the source that its viewers have now. */
  sourceOf(name: string): { readonly epoch: number; readonly owner: string } | null {
    return this.relay.node.names.own(name) ?? this.#pulls.get(name)?.known ?? null;
  }

  /** Whom it has a stream from. */
  parents(name: string): readonly { node: number; state: string; mode: string }[] {
    const parents = this.relay.node.pulls.get(name)?.parents ?? [];
    return parents.map((each) => ({ ...each, node: this.#world.numberOf(each.node) }));
  }

  /** The nodes that it has the stream by, the root first; null while nobody gives it. */
  path(name: string): readonly number[] | null {
    const path = this.relay.node.pulls.get(name)?.path ?? null;
    return path?.map((id) => this.#world.numberOf(id)) ?? null;
  }

  /** Viewers here or other nodes have it. */
  isRead(name: string): boolean {
    const stream = this.#streams.get(name);
    return (
      this.watchers.some((watcher) => watcher.name === name) ||
      this.relay.node.serving.children.some(
        (child) => child.stream === stream && child.mode === "live",
      )
    );
  }

  /** All that it holds for streams and other nodes: what must be nothing when they are gone. */
  get holdings(): { links: number; children: number; pulls: number; sources: number } {
    const { node } = this.relay;
    return {
      links: [...node.links.all()].length,
      children: node.serving.children.length,
      pulls: [...node.pulls.values()].length,
      sources: [...this.#sources.values()].filter((source) => source !== null).length,
    };
  }

  #relay(
    counters: Float64Array,
    allocate: (bytes: number) => { bytes: Uint8Array; address: number },
    wish: (ring: RingGrant) => void,
  ): Relay {
    const world = this.#world;
    const { id, boot, region, address } = this;
    const self: NodeSelf = {
      ...{ id, boot, region, names: "mesh", version: "test", url: "" },
      ...roleOf(this.#wish),
      addresses: [address],
    };
    const ground = {
      ...{ reader: RELAY, readers: READERS, counters, allocate, wish },
      news: (index: number) => this.#news(index),
      random: world.random,
      load: () => ({ busy: 0.1, lagUs: 0, filled: null }),
      wearLimits: world.wearLimits,
    };
    // Control hears of it behind the turn.
    const later = (work: () => void): void => {
      world.timeline.at(world.now, () => {
        if (this.alive && this.boot === boot) work();
      });
    };
    return new Relay(self, world.keyring, world.childrenMax, ground, {
      dial: (to) => world.dial(this, to),
      heard: (name, known) => later(() => this.#hear(name, known)),
      outranked: (name) =>
        later(() => {
          this.outranked.push(name);
          this.unpublish(name);
        }),
      wanted: (name) => later(() => this.#ensure(name)),
      owner: (_request, alive) => this.answers.push(alive),
      lookedUp: (name) => later(() => this.#lookedUp(name)),
      ...{ asked: () => {}, answered: () => {}, linkOpened: () => {}, remarks: () => {} },
      linkClosed: (_link, reason) => this.closings.push(reason),
      ...{ turned: () => this.turns.push(this.role), children: () => {}, remarksWished: () => {} },
      cut: (_stream, { number }) => this.cuts.push(number),
      cutsWished: (_stream, is) => this.wished.push(is),
    });
  }

  #wake(at: number): void {
    if (at >= this.#turnAt) return;
    this.#turnAt = at;
    this.#world.timeline.at(at, () => {
      if (at === this.#turnAt) this.#turn();
    });
  }

  #turn(): void {
    const world = this.#world;
    this.#turnAt = Number.POSITIVE_INFINITY;
    if (!this.alive) return;
    if (!this.runs) {
      this.#stood = true;
      this.#wake(this.pausedUntil);
      return;
    }
    const { relay, now } = this;
    // Timers that ran out while it stood still run before what has come meanwhile is read.
    if (this.#stood) relay.handleTimeout(now);
    this.#stood = false;
    for (const work of this.#inbox.splice(0)) work();
    relay.judge(now);
    relay.handleTimeout(now);
    relay.forward(now, Number.POSITIVE_INFINITY, () => now);
    this.#serveViewers(now);
    if (relay.nextTimeout() <= now) relay.handleTimeout(now);
    relay.flush();
    if (relay.node.stopped && !relay.leaves) this.crash();
    else this.#control();
    const us = Math.min(TURN_US, relay.nextTimeout() - now, relay.workAt() - now);
    this.#wake(world.now + Math.max(2 * this.#gatheredUs(), us));
  }

  #serveViewers(now: number): void {
    for (;;) {
      const feed = this.#feeds.next(now, 0);
      if (feed === null) return;
      const { batch } = this.#feeds;
      for (const subscriber of [...feed.subscribers]) subscriber.forward(feed, batch, now);
    }
  }

  /** As control does it some times a second: what nobody reads is not pulled any longer. */
  #control(): void {
    const { now } = this.#world;
    if (now < this.#controlAt) return;
    this.#controlAt = now + CONTROL_US;
    for (const { name } of this.watchers) this.#lookUp(name);
    for (const [name, pulled] of this.#pulls) {
      if (this.isRead(name)) pulled.unreadSince = null;
      else pulled.unreadSince ??= now;
      if (pulled.unreadSince === null || now - pulled.unreadSince <= UNREAD_US) continue;
      this.#endPull(name);
      this.#setSource(name, null);
    }
  }

  #news(index: number): void {
    this.relay.mark(index, this.now);
    this.#feeds.mark(index);
  }

  /** What nobody has told of is asked for. */
  #lookUp(name: string): void {
    if (this.publishers.has(name)) return;
    if (this.heard.has(name)) this.#lookedUp(name);
    else this.relay.node.lookUps.begin(name, this.now);
    this.#wake(this.#world.now);
  }

  #lookedUp(name: string): void {
    const announced = this.#announced.get(name);
    this.#announced.delete(name);
    announced?.();
  }

  #hear(name: string, known: KnownName | null): void {
    if (known === null) this.heard.delete(name);
    else this.heard.set(name, known);
    this.#hearAgain(name);
  }

  #hearAgain(name: string): void {
    const known = this.heard.get(name);
    const pulled = this.#pulls.get(name)?.known;
    if (pulled !== undefined && (known?.epoch !== pulled.epoch || known.owner !== pulled.owner)) {
      this.#endPull(name);
      this.#setSource(name, null);
    }
    if (this.watchers.some((watcher) => watcher.name === name)) this.#ensure(name);
  }

  #ensure(name: string): void {
    const known = this.heard.get(name);
    if (known === undefined || this.publishers.has(name) || this.#pulls.has(name)) return;
    const grants = known.tracks.map(({ kind }) => this.#ring(kind));
    this.#pulls.set(name, { known, generation: ++this.#epoch, unreadSince: null });
    this.#setSource(name, sourceOf(this.#epoch, known.tracks, grants));
    this.relay.pull(name, this.#stream(name), grants, this.now);
    this.#tellViewers(name);
    this.#wake(this.#world.now);
  }

  #endPull(name: string): void {
    if (this.#pulls.delete(name)) this.relay.endPull(this.#stream(name), this.now);
  }

  #setSource(name: string, source: StreamSource | null): void {
    this.relay.setSource(this.#stream(name), source);
    const watchers = this.watchers.filter((watcher) => watcher.name === name);
    for (const watcher of watchers) {
      for (const feed of watcher.following?.feeds ?? []) feed.detach(watcher);
      watcher.following = null;
    }
    const before = this.#following.get(name);
    if (before !== undefined) this.#feeds.release(before);
    this.#following.delete(name);
    this.#sources.set(name, source);
    for (const watcher of watchers) this.#attach(watcher);
  }

  #attach(watcher: Watcher): void {
    const source = this.#sources.get(watcher.name) ?? null;
    const key = this.sourceOf(watcher.name);
    if (source === null || key === null || watcher.following !== null) return;
    const following = this.#following.get(watcher.name) ?? this.#feeds.open(source, this.now);
    this.#following.set(watcher.name, following);
    watcher.follow(following, { ...key, name: watcher.name }, source.epoch);
    following.audio?.attach(watcher);
    for (const layer of watcher.layers) watcher.begin(following.video[layer], this.now);
  }

  #tellViewers(name: string): void {
    const count = this.watchers.filter((watcher) => watcher.name === name).length;
    this.relay.setViewers(this.#stream(name), count * this.crowd, this.now);
  }

  #stream(name: string): number {
    const known = this.#streams.get(name) ?? this.#streams.size + 1;
    this.#streams.set(name, known);
    return known;
  }

  #ring(kind: "audio" | "video"): RingGrant {
    const index = this.#rings;
    this.#rings += 1;
    return { index, buffer: createRing(kind), writer: 0 };
  }
}
