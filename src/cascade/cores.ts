import type { Elements } from "../wire/cascade/elements.ts";
import type { NodeRole } from "../wire/cascade/hello.ts";
import { readCores, type ToldCore, writeCores, writeDrain } from "../wire/cascade/node.ts";
import { readRole } from "../wire/cascade/role.ts";
import type { NodeSelf } from "./greeting.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import { EDGE_LINKS, type Members } from "./members.ts";
import type { NameExchange } from "./name-exchange.ts";
import { type NodeId, nodeBytes, nodeIdOf } from "./node-id.ts";
import { Roles } from "./roles.ts";

/** Others are told whom this node has links with so often; an edge looks for one too many, too. */
const LOOK_US = 1_000_000;
/** All of them with eight long addresses each are more than a message may be. */
const AT_ONCE = 16;
/** Who may know what cores publish that this node has no link with: so many of each, and of all. */
const TELLERS = 2;
const ASKED_MAX = 8;
/** Cores hear of all names that an edge publishes before its links with them end. */
const STEPPING_BACK_US = 2_000_000;
/** A round trip is told again that is so much longer or shorter than was told, and by a quarter of that. */
const TRIP_CHANGED_US = 10_000;
/** Why an edge ends a link. */
export const NEARER = "others are nearer";

interface CoresOptions {
  readonly self: NodeSelf;
  readonly links: Links;
  readonly members: Members;
  /** Streams come or go by it. */
  readonly isUsed: (link: Link) => boolean;
  readonly isQuiet: (link: Link) => boolean;
  readonly random: () => number;
  /** This node is something else now, as `self` says, beside so many cores. */
  readonly turned: (cores: number) => void;
  readonly exchange: () => NameExchange;
}

/** Round trips to cores, us; null where one is not known. */
type Trips = ReadonlyMap<NodeId, number | null>;

/** What a link's other end has told of cores; `next` is not whole yet. */
interface Told {
  whole: Trips;
  next: Map<NodeId, number | null>;
}

/** The cores of the cluster, as nodes tell each other whom they have links with. */
export class Cores {
  readonly #options: CoresOptions;
  readonly #told = new Map<Link, Told>();
  readonly #roles: Roles;
  /** Links with edges that were cores. */
  readonly #fallen = new WeakSet<Link>();
  #changed = false;
  #lookAt = 0;
  /** What others were told last, and when that is compared with what is next. */
  #tripsTold: Trips = new Map();
  #compareAt = 0;

  constructor(options: CoresOptions) {
    this.#options = options;
    const { self, random } = options;
    this.#roles = new Roles({
      ...{ self, random },
      openCount: () => options.links.openCount,
      linked: () => this.#linked(),
      known: () => this.#known(),
      turn: (role, now) => this.#turn(role, now),
    });
  }

  /** Whom it has links with: an edge that becomes a core has a core's before. */
  get linksAs(): NodeRole {
    return this.#roles.linksAs;
  }

  /** Regions of those that this node has a link with of which something comes. */
  linkedRegions(): string[] {
    return this.#linked().map(({ hello }) => hello?.region ?? "");
  }

  /** How many there are beside one node, for all that is known here: those that may be cores count. */
  countWithout(node: NodeId): number {
    const { self, links } = this.#options;
    const known = new Set<NodeId>();
    for (const link of links.all()) if (link.hello?.role !== "edge") known.add(link.node);
    for (const { whole } of this.#told.values()) for (const each of whole.keys()) known.add(each);
    for (const other of [node, self.id]) known.delete(other);
    return known.size + (self.role === "core" ? 1 : 0);
  }

  /** Whoever is at the other end has told that it has a link with that core. */
  hasLink(link: Link, core: NodeId): boolean {
    return this.#told.get(link)?.whole.has(core) === true;
  }

  /** There and back between two other nodes, us, as one of them has told; null where neither has. */
  tripBetween(a: NodeId, b: NodeId): number | null {
    return this.#tripTo(a, b) ?? this.#tripTo(b, a);
  }

  /**
   * Who may know of a name that this node has not heard of: an edge's cores; of each core that others have
   * a link with and this one has not two of those, the nearest.
   */
  knowing(): readonly Link[] {
    const { self, links, isQuiet } = this.#options;
    if (self.role === "edge") return links.cores();
    const tellers = new Map<NodeId, number>();
    const asked = new Set<Link>();
    const near = this.#linked().sort((a, b) => a.time.roundTripUs - b.time.roundTripUs);
    for (const link of near) {
      for (const core of this.#told.get(link)?.whole.keys() ?? []) {
        const direct = links.to(core);
        const count = tellers.get(core) ?? 0;
        if (core === self.id || count >= TELLERS || (direct !== null && !isQuiet(direct))) continue;
        tellers.set(core, count + 1);
        asked.add(link);
      }
    }
    return [...asked].slice(0, ASKED_MAX);
  }

  opened(link: Link, now: number): void {
    this.#changed = true;
    // It needs to know at once; all others have time.
    this.#tell([link]);
    const { node, hello } = link;
    if (hello?.role !== "core") {
      this.#options.members.noCore(node);
      return;
    }
    const { addresses, region } = hello;
    this.#options.members.hint({ node, addresses, region, roundTripUs: null }, now);
  }

  closed(link: Link): void {
    this.#changed = true;
    this.#told.delete(link);
  }

  heard(link: Link, elements: Elements, now: number): void {
    const message = readCores(elements);
    if (message === null) return;
    const told = this.#told.get(link) ?? { whole: new Map(), next: new Map() };
    this.#told.set(link, told);
    for (const { node, addresses, region, roundTripUs } of message.cores) {
      const id = nodeIdOf(node);
      told.next.set(id, roundTripUs);
      const way = roundTripUs === null ? null : roundTripUs + link.time.roundTripUs;
      this.#options.members.hint({ node: id, addresses, region, roundTripUs: way }, now);
    }
    if (message.more) return;
    told.whole = told.next;
    told.next = new Map();
  }

  /** The other end says what it is now. */
  roleHeard(link: Link, elements: Elements): void {
    const role = readRole(elements);
    if (role === null || role === link.hello?.role) return;
    link.hello = { ...link.hello!, role };
    this.#changed = true;
    if (role === "core") this.#fallen.delete(link);
    else {
      this.#fallen.add(link);
      this.#options.members.noCore(link.node);
    }
    this.#options.exchange().met(link);
  }

  handleTimeout(now: number): void {
    this.#roles.handleTimeout(now);
    if (now >= this.#compareAt) {
      this.#compareAt = now + LOOK_US;
      if (this.#tripsChanged()) this.#changed = true;
    }
    if (now < this.#lookAt) return;
    if (this.#changed) {
      this.#changed = false;
      this.#lookAt = now + LOOK_US;
      const linked = this.#options.links.cores();
      this.#tripsTold = new Map(linked.map((link) => [link.node, tripOf(link)]));
      this.#tell([...this.#options.links.open()]);
    }
    const surplus = this.#surplus();
    if (surplus.length > 0) this.#lookAt = now + LOOK_US;
    for (const link of surplus) link.close(NEARER, now);
  }

  nextTimeout(): number {
    const waits = this.#changed || this.#surplus().length > 0;
    const lookAt = waits ? this.#lookAt : Number.POSITIVE_INFINITY;
    return Math.min(this.#roles.nextTimeout(), this.#compareAt, lookAt);
  }

  #turn(role: NodeRole, now: number): void {
    const { self, exchange, turned, links } = this.#options;
    self.role = role;
    exchange().turned();
    turned(this.#known().size);
    this.#lookAt = now + STEPPING_BACK_US;
    if (role === "core") return;
    // Its children look for a core in its place, and have what they have from here until then.
    for (const link of links.open()) link.send(writeDrain(STEPPING_BACK_US / 1000));
  }

  /** All beside this node that are linked here, or with somebody who is. */
  #known(): Set<NodeId> {
    const linked = this.#linked();
    const known = new Set(linked.map(({ node }) => node));
    for (const link of linked)
      for (const each of this.#told.get(link)?.whole.keys() ?? []) known.add(each);
    known.delete(this.#options.self.id);
    return known;
  }

  #linked(): Link[] {
    return this.#options.links.cores().filter((link) => !this.#options.isQuiet(link));
  }

  #tripTo(from: NodeId, to: NodeId): number | null {
    const link = this.#options.links.to(from);
    return (link === null ? null : this.#told.get(link)?.whole.get(to)) ?? null;
  }

  /** Some core is known to be nearer or farther than others were told. */
  #tripsChanged(): boolean {
    return this.#options.links.cores().some((link) => {
      const [before, trip] = [this.#tripsTold.get(link.node) ?? null, tripOf(link)];
      if (before === null || trip === null) return before !== trip;
      return Math.abs(trip - before) > Math.max(TRIP_CHANGED_US, before / 4);
    });
  }

  #tell(to: readonly Link[]): void {
    const linked = this.#options.links.cores();
    const cores = linked.map(
      (link): ToldCore => ({
        node: nodeBytes(link.node),
        addresses: link.hello?.addresses ?? [],
        region: link.hello?.region ?? "",
        roundTripUs: tripOf(link),
      }),
    );
    let at = 0;
    do {
      const some = cores.slice(at, at + AT_ONCE);
      at += AT_ONCE;
      const message = writeCores({ cores: some, more: at < cores.length });
      for (const link of to) link.send(message);
    } while (at < cores.length);
  }

  /** An edge's links beyond those that it keeps: to those that were cores, and one other. */
  #surplus(): Link[] {
    const { links, isUsed } = this.#options;
    if (this.linksAs === "core") return [];
    const linked = this.#linked();
    if (linked.length < EDGE_LINKS) return [];
    const fallen = [...links.open()].filter((link) => this.#fallen.has(link) && !isUsed(link));
    const farthest = this.#farthest(linked);
    return farthest === null ? fallen : [...fallen, farthest];
  }

  /** Of these, if they are too many, the farthest of which nothing depends on it; null for none. */
  #farthest(linked: Link[]): Link | null {
    const { self, isUsed } = this.#options;
    if (linked.length === EDGE_LINKS || linked.some(({ time }) => !time.known)) return null;
    const away = ({ hello }: Link): number => Number(hello?.region !== self.region);
    linked.sort((a, b) => away(b) - away(a) || b.time.roundTripUs - a.time.roundTripUs);
    if (!isUsed(linked[0]!)) return linked[0]!;
    // One too many may be the farthest, as long as it is needed.
    return linked.length > EDGE_LINKS + 1 ? (linked.find((link) => !isUsed(link)) ?? null) : null;
  }
}

function tripOf({ time }: Link): number | null {
  return time.known ? Math.round(time.roundTripUs) : null;
}
