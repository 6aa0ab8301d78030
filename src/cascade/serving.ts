import type { Elements } from "../wire/cascade/elements.ts";
import { Message } from "../wire/cascade/kinds.ts";
import {
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
import { Admission, type AdmissionOptions } from "./admission.ts";
import {
  type Awaited,
  alternatesOf,
  awaitedBy,
  type Child,
  type Copy,
  objectionTo,
} from "./child.ts";
import type { Link } from "./link.ts";
import { keyOf, type StreamKey, sameKey } from "./names.ts";
import { type NodeId, nodeBytes } from "./node-id.ts";
import { Notices } from "./notices.ts";
import { needOf } from "./places.ts";
import { Pledges } from "./pledges.ts";

const RETRY_MS = 250;

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

export interface ServingOptions extends AdmissionOptions {
  /** The way that a stream would come by for whoever asks, without this node; null for none. */
  readonly wayTo: (key: StreamKey, asker: Link, now: number) => readonly NodeId[] | null;
  /** Somebody needs it from here, for whom the way that it comes by is too long. */
  readonly shorten: (name: string) => void;
  /** Nodes that get streams for others. */
  readonly cores: () => readonly Link[];
  readonly events: ServingEvents;
}

/** What this node gives to others: a parent's half of the tree. */
export class Serving {
  readonly #options: ServingOptions;
  readonly #children: Child[] = [];
  readonly #admission: Admission;
  readonly #pledges: Pledges;
  readonly #notices = new Notices();

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#admission = new Admission(options, this.#children);
    this.#pledges = new Pledges({
      wayTo: (key, asker, now) => this.#wayTo(key, asker, now),
      changed: (pledge, path) => this.#pledgeChanged(pledge as Child, path),
    });
  }

  /** Children look for another parent from now on. */
  drain(): void {
    this.#admission.draining = true;
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

  /** Whoever has it from here has it from another as well. */
  isSpare(key: StreamKey): boolean {
    const live = this.#children.filter((each) => each.mode === "live" && sameKey(each.key, key));
    return live.length > 0 && live.every(({ spare }) => spare);
  }

  /** What children wait for that were promised it. */
  awaited(key: StreamKey): Awaited {
    return awaitedBy(this.#children.filter((child) => sameKey(child.key, key)));
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
    const { alias, wanted, mode, have, spare } = sub;
    const asked = { link, alias, key: keyOf(sub), wanted, mode, have, spare };
    const child: Child = { ...asked, stream: null, cuts: false };
    for (const before of this.#replacedBy(child)) this.#remove(before);
    const refusal = this.#admission.refusalOf(child, now);
    if (refusal !== null) {
      this.#refuse(child, refusal);
      return;
    }
    this.#makeRoom(child, now);
    this.#children.push(child);
    this.#answer(child, now);
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
    const turns = update.mode !== child.mode;
    const grows = needOf(update) > needOf(child);
    const fits = !grows || this.#admission.mayBecome(child, update, now);
    // One whose place is another's stays until its time is over: then there may be one.
    if (!fits && !this.#notices.has(child)) {
      this.#refuse(this.#remove(child), "full");
      return;
    }
    child.spare = update.spare;
    child.wanted = update.wanted;
    child.mode = update.mode;
    child.have = update.have;
    if (grows && fits) {
      this.#notices.delete(child);
      this.#makeRoom(child, now);
    }
    if (child.stream !== null) this.#options.events.change(child, now);
    else if (turns) this.#answer(child, now);
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
      const wrong = copy?.path == null ? null : objectionTo(child, copy.path);
      if (copy === null) {
        // Who waits for one that comes goes on waiting; who had one looks for another.
        if (child.stream !== null) this.#takeBack(child, now);
      } else if (copy.path === null) {
        // Its media stays here: whoever can still find it elsewhere does, when nothing comes.
      } else if (wrong !== null) this.#refuse(this.#remove(child), wrong);
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

  handleTimeout(now: number): void {
    this.#pledges.handleTimeout(now);
    for (const child of this.#notices.takeDue(now)) {
      if (!this.#admission.mayBecome(child, child, now)) this.#refuse(this.#remove(child), "full");
    }
  }

  nextTimeout(): number {
    return Math.min(this.#pledges.nextTimeout(), this.#notices.nextTimeout());
  }

  /** It has it, stands by for it, or waits until it is here. */
  #answer(child: Child, now: number): void {
    const copy = this.#copyFor(child);
    if (copy?.path != null) this.#accept(child, copy, now);
    else if (child.mode === "warm") this.#pledge(child, now);
    else {
      this.#pledges.delete(child);
      child.link.send(writeNotReady(child.alias));
      this.#options.events.wanted(child.key.name);
    }
  }

  /** Nothing is had for it before it is needed. */
  #pledge(child: Child, now: number): void {
    const path = this.#wayTo(child.key, child.link, now);
    if (path === null) this.#refuse(this.#remove(child), "unknown");
    else {
      this.#pledges.add(child, path);
      child.link.send(writeAccept({ alias: child.alias, path: this.#pathTo(path), heads: [] }));
    }
  }

  #pledgeChanged(child: Child, path: readonly NodeId[] | null): void {
    if (path === null) this.#refuse(this.#remove(child), "unknown");
    else child.link.send(writePath({ alias: child.alias, path: this.#pathTo(path) }));
  }

  #wayTo(key: StreamKey, asker: Link, now: number): readonly NodeId[] | null {
    return this.#options.pullsForOthers() ? this.#options.wayTo(key, asker, now) : null;
  }

  /** Its copy is gone: to stand by it is enough that there may be another. */
  #takeBack(child: Child, now: number): void {
    const known = this.#options.best(child.key.name);
    const isPresent = known !== null && sameKey(known, child.key);
    if (child.mode === "live" || !isPresent) this.#refuse(this.#remove(child), "stale");
    else {
      this.#options.events.stop(child);
      child.stream = null;
      this.#pledge(child, now);
    }
  }

  #accept(child: Child, copy: Copy, now: number): void {
    this.#pledges.delete(child);
    child.stream = copy.stream;
    const path = this.#pathTo(copy.path!);
    child.link.send(writeAccept({ alias: child.alias, path, heads: copy.heads() }));
    this.#options.events.serve(child, now);
  }

  #copyFor({ key }: Child): Copy | null {
    const copy = this.#options.copyOf(key.name);
    return copy !== null && sameKey(copy.key, key) ? copy : null;
  }

  /** Others give their places to one that has the stream from nobody else. */
  #makeRoom(child: Child, now: number): void {
    for (const other of this.#admission.displacedBy(child, now)) {
      if (other.mode === "live") this.#notices.give(other, now);
      else this.#refuse(this.#remove(other), "full");
    }
  }

  #pathTo(path: readonly NodeId[]): Uint8Array[] {
    return [...path, this.#options.self].map(nodeBytes);
  }

  #refuse(child: Child, reason: Refusal): void {
    const { link, alias, key } = child;
    if (reason === "depth" && needOf(child) === 2) this.#options.shorten(key.name);
    const named = reason === "full" || reason === "draining";
    const others = reason === "full" ? this.#options.cores() : [];
    const alternates = named ? alternatesOf(this.#children, key, link, others) : [];
    link.send(writeRefuse({ alias, reason, alternates, retryMs: RETRY_MS }));
  }

  #remove(child: Child): Child {
    const at = this.#children.indexOf(child);
    if (at >= 0) this.#children.splice(at, 1);
    this.#pledges.delete(child);
    this.#notices.delete(child);
    if (child.stream !== null) this.#options.events.stop(child);
    return child;
  }
}
