import type { Elements } from "../wire/cascade/elements.ts";
import { Message } from "../wire/cascade/kinds.ts";
import {
  type Accept,
  ALIAS_MAX,
  readAccept,
  readAlias,
  readPathMessage,
  readRefuse,
} from "../wire/cascade/subscription.ts";
import { writeWhere } from "../wire/cascade/where.ts";
import type { Awaited } from "./child.ts";
import type { NodeSelf } from "./greeting.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import type { Members } from "./members.ts";
import { type KnownName, type NameTable, outranks, type StreamKey } from "./names.ts";
import { type NodeId, nodeIdOf } from "./node-id.ts";
import type { PulledRings } from "./parents.ts";
import { Pull } from "./pull.ts";
import type { Serving } from "./serving.ts";
import { HOP_US, wholeWay } from "./whole-way.ts";

/** What a parent of another region costs beside its way, as if it were so much further. */
const OTHER_REGION_US = 20_000;
const BUSY_US = 50_000;
const BUSY = 0.8;
/** A standby that has to get it first gives it later. */
const BEGINS_US = 20_000;
/** Whoever has to look for it itself, farther than any other. */
const SEARCHES_US = 10_000_000;
/** Ways as long as each other, but for so much. */
const ALIKE_US = 5_000;

const ALIASES = ALIAS_MAX + 1;

interface PullsOptions {
  readonly self: NodeSelf;
  readonly names: NameTable;
  readonly links: Links;
  readonly members: Members;
  /** What this node gives to others. */
  readonly serving: Pick<Serving, "isFed" | "isSpare" | "awaited">;
  /** There and back between two other nodes, us; null where that is not known. */
  readonly tripBetween: (a: NodeId, b: NodeId) => number | null;
  /** Somebody gives the stream, nobody does, or it comes by another way. */
  readonly changed: (name: string, now: number) => void;
  /** A parent gives a stream: where its rings are. */
  readonly accepted: (
    pull: Pull,
    heads: readonly (number | null)[],
    link: Link,
    alias: number,
  ) => void;
}

/** The streams that this node has from others: a child's half of the tree. */
export class Pulls {
  readonly #options: PullsOptions;
  /** All that had come by then has been read. */
  readAt = 0;
  readonly #byName = new Map<string, Pull>();
  readonly #boots = new Map<NodeId, number>();
  /** By link and alias: whose it was when it was last asked for. */
  readonly #recent = new Map<number, Pull>();
  #alias = 0;
  /** By node: how many streams come from there, or stand by. */
  readonly #parents = new Map<NodeId, number>();

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /** Names of streams that nobody watches here: others have them from here, or did a moment ago. */
  forOthers(): string[] {
    return [...this.#byName].filter(([, { viewers }]) => viewers === 0).map(([name]) => name);
  }

  get(name: string): Pull | undefined {
    return this.#byName.get(name);
  }

  /** What counts under a name; what nobody tells any more is there as long as somebody gives it. */
  best(name: string): KnownName | null {
    const pull = this.#byName.get(name);
    return this.#options.names.best(name) ?? (pull?.way.given === true ? pull.known : null);
  }

  /** A process of this node is there: another one counts epochs anew, and may use one again. */
  started(node: NodeId, boot: number, now: number): void {
    const before = this.#boots.get(node) ?? boot;
    this.#boots.set(node, boot);
    if (before === boot) return;
    for (const pull of this.#byName.values()) {
      pull.search.forgive(node);
      if (pull.known.owner !== node) continue;
      pull.way.despair();
      this.#options.changed(pull.known.name, now);
    }
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  values(): IterableIterator<Pull> {
    return this.#byName.values();
  }

  /** Into the rings of the stream with this number; what was had under the name ends. */
  begin(known: KnownName, stream: number, rings: PulledRings, now: number): Pull {
    this.end(known.name, now);
    const awaited = (): Awaited => this.#options.serving.awaited(known);
    // What is here is gone on with; else children say where, who had it from another so far.
    const have = () => rings.have().map((own, ring) => own ?? awaited().have[ring] ?? null);
    const pull = new Pull({
      self: this.#options.self.id,
      stream,
      known,
      rings: { have },
      awaited: () => awaited().wanted,
      candidates: () => this.#candidates(known),
      standbys: () => this.#standbys(known),
      way: (link, path) => this.#way(link, path ?? pathBy(link, known.owner)),
      alias: (link) => this.#nextAlias(link),
      counted: (node, change) => this.#count(node, change),
      isFed: (link) => this.#options.serving.isFed(known, link),
      isSpare: () => this.#options.serving.isSpare(known),
      readAt: () => this.readAt,
      pathChanged: (at) => this.#options.changed(known.name, at),
    });
    this.#byName.set(known.name, pull);
    pull.maintain(now);
    return pull;
  }

  end(name: string, now: number): void {
    const pull = this.#byName.get(name);
    if (pull === undefined) return;
    this.#byName.delete(name);
    pull.end();
    this.#options.changed(name, now);
  }

  /**
   * The way that a stream would come by if `asker` needed it from here, without this node; null for
   * none.
   */
  wayTo(key: StreamKey, asker: Link, now: number): readonly NodeId[] | null {
    const { names, links } = this.#options;
    const { owner } = key;
    const tells = (link: Link): boolean =>
      link !== asker && !link.isQuiet(now) && names.isToldBy(link.session, key);
    const direct = links.to(owner);
    if (direct !== null && tells(direct)) return [owner];
    // Whoever tells of another's stream has a link with its owner.
    const by = links.cores().find(tells);
    return by === undefined ? null : [owner, by.node];
  }

  /** The pull that a parent's alias is of; null when none is. */
  of(link: Link, alias: number): Pull | null {
    // Asked for every packet: whose it was last time is asked first.
    const key = link.session * ALIASES + alias;
    const recent = this.#recent.get(key);
    if (recent?.takes(link, alias) === true) return recent;
    this.#recent.delete(key);
    for (const pull of this.#byName.values()) {
      if (!pull.takes(link, alias)) continue;
      if (this.#recent.size >= ALIASES) this.#recent.clear();
      this.#recent.set(key, pull);
      return pull;
    }
    return null;
  }

  /** A link to a parent: it tells each 25 ms that it is there. */
  isParent({ node }: Link): boolean {
    // Asked for each link in each turn.
    return this.#parents.has(node);
  }

  /** What a parent says of a subscription; false when the message is not about that. */
  answer(link: Link, type: number, elements: Elements, now: number): boolean {
    if (type === Message.accept) {
      const accept = readAccept(elements);
      if (accept !== null) this.#accepted(link, accept, now);
    } else if (type === Message.refuse) this.#refused(link, elements, now);
    else if (type === Message.notReady) {
      const alias = readAlias(elements);
      if (alias !== null) this.of(link, alias)?.notReady(link, alias, now);
    } else if (type === Message.path) {
      const path = readPathMessage(elements);
      if (path !== null) this.of(link, path.alias)?.rerouted(link, path.alias, path.path, now);
    } else return false;
    return true;
  }

  /** Links came, went or fell silent. */
  maintain(now: number): void {
    for (const pull of this.#byName.values()) pull.maintain(now);
  }

  /** Its node leaves soon. */
  avoid(link: Link, now: number): void {
    for (const pull of this.#byName.values()) {
      // What it publishes itself nobody has without it.
      if (pull.known.owner !== link.node) pull.avoid(link, now);
    }
  }

  lost(link: Link, now: number): void {
    for (const pull of this.#byName.values()) pull.lost(link, now);
  }

  handleTimeout(now: number): void {
    for (const pull of this.#byName.values()) pull.handleTimeout(now);
  }

  nextTimeout(): number {
    let soonest = Number.POSITIVE_INFINITY;
    for (const pull of this.#byName.values()) soonest = Math.min(soonest, pull.nextTimeout());
    return soonest;
  }

  #count(node: NodeId, change: number): void {
    const count = (this.#parents.get(node) ?? 0) + change;
    if (count === 0) this.#parents.delete(node);
    else this.#parents.set(node, count);
  }

  #accepted(link: Link, accept: Accept, now: number): void {
    const pull = this.of(link, accept.alias);
    if (pull === null) return;
    this.#options.accepted(pull, accept.heads, link, accept.alias);
    pull.accepted(link, accept, now);
  }

  #refused(link: Link, elements: Elements, now: number): void {
    const refuse = readRefuse(elements);
    if (refuse === null) return;
    for (const { node, addresses } of refuse.alternates) {
      const hint = { node: nodeIdOf(node), addresses, region: null, roundTripUs: null };
      this.#options.members.hint(hint, now);
    }
    const pull = this.of(link, refuse.alias);
    if (pull === null) return;
    // It knows what counts in its place, which no link to the owner has told here.
    if (refuse.reason === "stale") link.send(writeWhere(pull.known.name));
    pull.search.suggest(refuse.alternates.map(({ node }) => nodeIdOf(node)));
    pull.refused(link, refuse, now);
  }

  /** Links that have it themselves, or get it for us, the nearest first. */
  #candidates(known: KnownName): Link[] {
    const { links, serving } = this.#options;
    if (this.#isOutranked(known)) return [];
    // Who has no link to its owner, or one of which nothing comes, has it by a core.
    const direct = links.to(known.owner)?.liveness.silent === false;
    // Those that would have to look for it, too, come last: where many do that they ask each other. And
    // behind them come those that have it, or wait for it, from here.
    const cost = (link: Link): number => {
      const searches = this.#has(link, known) ? 0 : SEARCHES_US;
      const fed = serving.isFed(known, link) ? 2 * SEARCHES_US : 0;
      return this.#cost(link, known) + searches + fed;
    };
    return [...links.open()]
      .filter((link) => this.#has(link, known) || (!direct && link.hello?.role === "core"))
      .sort((left, right) => cost(left) - cost(right));
  }

  /** As well those that would get it from its owner, behind those that have it. */
  #standbys(known: KnownName): Link[] {
    if (this.#isOutranked(known)) return [];
    const cost = (link: Link): number => {
      const begins = this.#has(link, known) ? 0 : BEGINS_US;
      return Math.floor((this.#cost(link, known) + begins) / ALIKE_US);
    };
    // Of those that are as good each node takes another: who fails has children that all ask at once.
    const spread = ({ node }: Link): number => mix(this.#options.self.id, node);
    return [...this.#options.links.open()]
      .filter((link) => link.hello?.role === "core" || this.#has(link, known))
      .sort((left, right) => cost(left) - cost(right) || spread(left) - spread(right));
  }

  /** It is told of by this link, or somebody who was full named it. */
  #has({ session, node }: Link, known: KnownName): boolean {
    return (
      this.#options.names.isToldBy(session, known) ||
      this.#byName.get(known.name)?.search.suggested.has(node) === true
    );
  }

  #isOutranked(known: KnownName): boolean {
    const best = this.#options.names.best(known.name);
    return best !== null && outranks(best, known);
  }

  /** The length of the whole way, as far as it is known, and what speaks against it now. */
  #cost(link: Link, { owner }: KnownName): number {
    const { load, lagUs, time } = link;
    const path = pathBy(link, owner);
    const way =
      this.#way(link, path) ?? time.oneWayUs + HOP_US * (path.length - 1) + this.#abroad(link);
    const busy = load > BUSY ? BUSY_US : 0;
    return way + (time.newestUs - time.roundTripUs) + busy + lagUs;
  }

  #way(link: Link, path: readonly NodeId[]): number | null {
    const way = wholeWay(link, path, this.#options.tripBetween);
    return way === null ? null : way + this.#abroad(link);
  }

  #abroad({ hello }: Link): number {
    return hello?.region === this.#options.self.region ? 0 : OTHER_REGION_US;
  }

  #nextAlias(link: Link): number {
    // Free ones are plenty: 65,536 numbers for some hundred streams.
    do this.#alias = (this.#alias + 1) & 0xffff;
    while (this.of(link, this.#alias) !== null);
    return this.#alias;
  }
}

/** The nodes by which whoever is there has it, or would: before it has said more. */
function pathBy({ node }: Link, owner: NodeId): readonly NodeId[] {
  return node === owner ? [owner] : [owner, node];
}

/** By this each node has the others in another order. */
function mix(self: NodeId, node: NodeId): number {
  return Number.parseInt(self.slice(-8), 16) ^ Number.parseInt(node.slice(-8), 16);
}
