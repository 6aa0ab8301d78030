import { TokenBucket } from "../media/token-bucket.ts";
import type { Elements } from "../wire/cascade/elements.ts";
import { Message, PATH_NODES_MAX } from "../wire/cascade/kinds.ts";
import {
  type Alternate,
  type Mode,
  type Refusal,
  readAlias,
  readSubscribe,
  readUpdate,
  type Subscribe,
  type Update,
  writeAccept,
  writeNotReady,
  writePath,
  writeRefuse,
} from "../wire/cascade/subscription.ts";
import type { Link } from "./link.ts";
import { keyOf, outranks, type StreamKey, sameKey } from "./names.ts";
import { type NodeId, nodeBytes } from "./node-id.ts";

/** A recovery storm is spread: a parent that lost its siblings takes so many a second. */
const SUBSCRIPTIONS_PER_SECOND = 200;
const RETRY_MS = 250;
const ALTERNATES_MAX = 4;

/** A stream that this node has, its own or a pulled one. */
export interface Copy {
  readonly key: StreamKey;
  /** Its number among streams here. */
  readonly stream: number;
  /** The nodes that it came by, the root first, without this one; null while nobody gives it. */
  readonly path: readonly NodeId[] | null;
  /** Of each ring one past its highest origin sequence; null before the first. */
  heads(): readonly (number | null)[];
}

/** A node that has a stream from here. */
export interface Child {
  readonly link: Link;
  readonly alias: number;
  readonly key: StreamKey;
  /** Null while this node pulls it itself first. */
  stream: number | null;
  wanted: number;
  mode: Mode;
  have: readonly (number | null)[];
}

export interface ServingEvents {
  /** Accepted: what it wants flows from now on. */
  serve(child: Child, now: number): void;
  /** It wants other rings, or another mode. */
  change(child: Child, now: number): void;
  /** No more. */
  stop(child: Child): void;
  /** A child asks for a stream that this node has not, but may get. */
  wanted(name: string): void;
}

export interface ServingOptions {
  readonly self: NodeId;
  readonly childrenMax: number;
  /** The present copy of a name; null when there is none. */
  readonly copyOf: (name: string) => Copy | null;
  /** What counts under a name; null when nobody is known to have it. */
  readonly best: (name: string) => StreamKey | null;
  /** This node pulls streams for others. */
  readonly pullsForOthers: () => boolean;
  /** The stream is not here, and whoever is at the other end of the link was asked for it. */
  readonly waitsFor: (name: string, link: Link) => boolean;
  readonly events: ServingEvents;
}

/** What this node gives to others: a parent's half of the tree. */
export class Serving {
  readonly #options: ServingOptions;
  readonly #children: Child[] = [];
  readonly #admissions = new TokenBucket(SUBSCRIPTIONS_PER_SECOND, SUBSCRIPTIONS_PER_SECOND);
  draining = false;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  get children(): readonly Child[] {
    return this.#children;
  }

  of(stream: number): Child[] {
    return this.#children.filter((child) => child.stream === stream);
  }

  find(link: Link, alias: number): Child | null {
    return this.#children.find((each) => each.link === link && each.alias === alias) ?? null;
  }

  /** Whoever is at the other end has a stream from here, or waits for one. */
  has(link: Link): boolean {
    return this.#children.some((child) => child.link === link);
  }

  /** Media of the stream flows to this node. */
  isFed(key: StreamKey, link: Link): boolean {
    return this.#children.some(
      (child) => child.link === link && child.mode === "live" && sameKey(child.key, key),
    );
  }

  /** What a child says of a subscription; false when the message is not about that. */
  request(link: Link, type: number, elements: Elements, now: number): boolean {
    if (type === Message.subscribe) {
      const sub = readSubscribe(elements);
      if (sub !== null) this.subscribe(link, sub, now);
    } else if (type === Message.update) {
      const update = readUpdate(elements);
      if (update !== null) this.update(link, update, now);
    } else if (type === Message.unsubscribe) {
      const alias = readAlias(elements);
      if (alias !== null) this.unsubscribe(link, alias);
    } else return false;
    return true;
  }

  subscribe(link: Link, sub: Subscribe, now: number): void {
    const { alias, wanted, mode, have } = sub;
    const child: Child = { link, alias, key: keyOf(sub), stream: null, wanted, mode, have };
    for (const before of this.#replacedBy(child)) this.#remove(before);
    const refusal = this.#refusalOf(child, now);
    if (refusal !== null) {
      this.#refuse(child, refusal);
      return;
    }
    if (mode === "live") this.#makeRoom(child);
    this.#children.push(child);
    const copy = this.#copyFor(child);
    if (copy?.path != null) this.#accept(child, copy, now);
    else {
      link.send(writeNotReady(alias));
      this.#options.events.wanted(child.key.name);
    }
  }

  /** What its number was of, and the place of the stream that its node has already: one is enough. */
  #replacedBy({ link, alias, key }: Child): Child[] {
    return this.#children.filter(
      (each) => each.link === link && (each.alias === alias || sameKey(each.key, key)),
    );
  }

  update(link: Link, update: Update, now: number): void {
    const child = this.find(link, update.alias);
    if (child === null) return;
    const { key } = child;
    const begins = update.mode === "live" && child.mode === "warm";
    if (begins && this.#placesFor({ key, mode: "live" }) <= 0) {
      this.#refuse(this.#remove(child), "full");
      return;
    }
    child.wanted = update.wanted;
    child.mode = update.mode;
    child.have = update.have;
    if (child.stream !== null) this.#options.events.change(child, now);
  }

  unsubscribe(link: Link, alias: number): void {
    const child = this.find(link, alias);
    if (child !== null) this.#remove(child);
  }

  /** The link is gone. */
  lost(link: Link): void {
    for (const child of [...this.#children]) if (child.link === link) this.#remove(child);
  }

  /** A copy is there, gone, or comes by another way: its children hear of it. */
  copyChanged(name: string, now: number): void {
    for (const child of [...this.#children]) {
      if (child.key.name !== name) continue;
      const copy = this.#copyFor(child);
      if (copy === null) {
        // Who waits for one that comes goes on waiting; who had one looks for another.
        if (child.stream !== null) this.#refuse(this.#remove(child), "stale");
      } else if (copy.path === null) {
        // Its media stays here: whoever can still find it elsewhere does, when nothing comes.
      } else if (this.#isBadPath(child, copy.path)) this.#refuse(this.#remove(child), "loop");
      else if (child.stream === null) this.#accept(child, copy, now);
      else child.link.send(writePath({ alias: child.alias, path: this.#pathTo(copy.path) }));
    }
  }

  /** What this node cannot have itself is refused to all who wait for it. */
  cannotHave(name: string): void {
    for (const child of [...this.#children]) {
      if (child.key.name === name && child.stream === null) {
        this.#refuse(this.#remove(child), "unknown");
      }
    }
  }

  #accept(child: Child, copy: Copy, now: number): void {
    child.stream = copy.stream;
    const path = this.#pathTo(copy.path!);
    child.link.send(writeAccept({ alias: child.alias, path, heads: copy.heads() }));
    this.#options.events.serve(child, now);
  }

  #copyFor({ key }: Child): Copy | null {
    const copy = this.#options.copyOf(key.name);
    return copy !== null && sameKey(copy.key, key) ? copy : null;
  }

  #refusalOf(child: Child, now: number): Refusal | null {
    const { copyOf, best, pullsForOthers, self } = this.#options;
    const { key } = child;
    if (this.draining) return "draining";
    // Nobody pulls a stream to give it back.
    if (key.owner === child.link.node) return "loop";
    const known = best(key.name);
    if (known === null) return "unknown";
    if (!sameKey(known, key)) return outranks(known, key) ? "stale" : "unknown";
    const copy = copyOf(key.name);
    const mine = copy !== null && sameKey(copy.key, key);
    if (!mine && !(pullsForOthers() && key.owner !== self)) return "unknown";
    if (mine && copy.path !== null && this.#isBadPath(child, copy.path)) {
      return copy.path.length + 1 >= PATH_NODES_MAX ? "depth" : "loop";
    }
    // Two that wait for each other wait for ever: one of them looks elsewhere.
    if (this.#waitsFor(child) && self < child.link.node) return "loop";
    if (this.#placesFor(child) <= 0) return "full";
    return this.#admissions.take(now, 1) ? null : "limit";
  }

  #waitsFor({ key, link }: Child): boolean {
    return this.#options.waitsFor(key.name, link);
  }

  /** Places that are free for it: a standby has one only as long as nobody needs it. */
  #placesFor({ key, mode }: Pick<Child, "key" | "mode">): number {
    const siblings = this.#children.filter(
      (each) => sameKey(each.key, key) && (mode === "warm" || each.mode === "live"),
    );
    return this.#options.childrenMax - siblings.length;
  }

  /** The oldest standby gives its place to one that media is to flow to. */
  #makeRoom({ key }: Child): void {
    const siblings = this.#children.filter((each) => sameKey(each.key, key));
    if (siblings.length < this.#options.childrenMax) return;
    const standby = siblings.find((each) => each.mode === "warm");
    if (standby !== undefined) this.#refuse(this.#remove(standby), "full");
  }

  /** One that it is in itself, or that is too long with it. */
  #isBadPath({ link }: Child, path: readonly NodeId[]): boolean {
    return path.includes(link.node) || path.length + 1 >= PATH_NODES_MAX;
  }

  #pathTo(path: readonly NodeId[]): Uint8Array[] {
    return [...path, this.#options.self].map(nodeBytes);
  }

  #refuse({ link, alias, key }: Child, reason: Refusal): void {
    const alternates = reason === "full" ? this.#alternates(key, link) : [];
    link.send(writeRefuse({ alias, reason, alternates, retryMs: RETRY_MS }));
  }

  /** Children that have the stream may give it on. */
  #alternates(key: StreamKey, asker: Link): Alternate[] {
    return this.#children
      .filter((child) => child.stream !== null && sameKey(child.key, key) && child.link !== asker)
      .slice(0, ALTERNATES_MAX)
      .map(({ link }) => ({
        node: nodeBytes(link.node),
        addresses: link.hello?.addresses ?? [],
      }));
  }

  #remove(child: Child): Child {
    const at = this.#children.indexOf(child);
    if (at >= 0) this.#children.splice(at, 1);
    if (child.stream !== null) this.#options.events.stop(child);
    return child;
  }
}
