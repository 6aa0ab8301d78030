import type { NodeRole } from "../wire/cascade/hello.ts";
import { CORES_MAX } from "../wire/cascade/node.ts";
import type { NodeId } from "./node-id.ts";
import { type CoreHint, Place } from "./place.ts";

/** A link that is not there by then never will be. */
const DIAL_TIMEOUT_US = 5_000_000;
/** A dial of which nothing came for so long may be of a dead address: another one is dialled beside it. */
const HOPEFUL_US = 500_000;
/** Whoever has answered gets so long to be a link, or to go on as the one that was: it is not dialled again. */
const SETTLE_US = 1_000_000;
/** Where a link has held for so long all failures before it are forgotten. */
const FORGIVEN_US = 10_000_000;
/** Links that an edge keeps to cores. */
export const EDGE_LINKS = 3;
/** Addresses of all cores, a few each, and seeds. */
const ADDRESSES_MAX = 8 * CORES_MAX;

export interface MembersOptions {
  readonly self: NodeId;
  readonly role: () => NodeRole;
  readonly region: string;
  /** Spreads redials: 0 <= x < 1. */
  readonly random: () => number;
  /** Nodes that this one has a link with, whoever dialled. */
  readonly isLinked: (node: NodeId) => boolean;
  /** Nodes that it has a link with of which nothing comes. */
  readonly isQuiet: (node: NodeId) => boolean;
  /** Regions of the cores that it has a link with. */
  readonly linkedRegions: () => readonly string[];
  readonly dial: (address: string) => void;
}

/** What may be dialled now: so many of these, from that time on. */
interface Room {
  readonly count: number;
  readonly from: number;
  readonly fits: (place: Place) => boolean;
}

const NO_ROOM: Room = { count: 0, from: Number.POSITIVE_INFINITY, fits: () => false };

/**
 * Whom this node dials: the seeds, and those that other cores have links with; an edge only as many as
 * it keeps, the nearest first.
 */
export class Members {
  readonly #options: MembersOptions;
  readonly #places = new Map<string, Place>();
  /** Of the timers that ran last. */
  #now = 0;
  #unanswered: string[] = [];

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** The seeds' addresses, all of them, as HOST:PORT with numbers. Earlier ones are no seeds any more. */
  setSeeds(addresses: readonly string[], now: number): void {
    for (const place of this.#places.values()) place.seed = false;
    for (const address of addresses) {
      const place = this.#place(address, now);
      if (place !== null) place.seed = true;
    }
  }

  /** Nobody is dialled any more. */
  stop(): void {
    this.#places.clear();
  }

  /** Another node says that a core can be reached there. */
  hint(core: CoreHint, now: number): void {
    if (core.node === this.#options.self) return;
    for (const address of core.addresses) this.#place(address, now)?.hint(core);
  }

  /** A link to what was dialled at this address is there. */
  reached(address: string, node: NodeId): void {
    const place = this.#places.get(address);
    if (place === undefined) return;
    if (place.node !== node) place.forget();
    place.node = node;
    place.dialledAt = null;
    place.nextAt = Math.max(place.nextAt, this.#now + SETTLE_US);
    place.told = false;
  }

  /** It is none now, whoever said that it is: only as a seed it is dialled. */
  noCore(node: NodeId): void {
    for (const [address, place] of this.#places) {
      if (place.node !== node || !place.core) continue;
      place.core = false;
      if (!place.seed) this.#places.delete(address);
    }
  }

  /**
   * A link to this node is over, whoever dialled; `unwanted`: by an edge that has enough, which is dialled
   * again only where somebody says that a stream can be had there.
   */
  parted(node: NodeId, now: number, unwanted = false): void {
    for (const [address, place] of this.#places) {
      if (place.node !== node) continue;
      if (unwanted && !place.seed && !place.core) this.#places.delete(address);
      else place.parted(now);
    }
  }

  /** It came to nothing, or is over. */
  failed(address: string, now: number): void {
    const place = this.#places.get(address);
    if (place === undefined) return;
    const unanswered = place.dialledAt !== null;
    if (unanswered && place.seed && !place.told) {
      place.told = true;
      this.#unanswered.push(address);
    }
    const { self, isLinked, random } = this.#options;
    // A second link to a node that has one is no failure.
    if (place.node !== null && place.node !== self && isLinked(place.node)) {
      place.dialledAt = null;
      return;
    }
    place.failed(now, random());
    // Somebody else may be there next time.
    if (place.node !== self && (unanswered || place.seed)) place.forget();
  }

  /** Seeds that nobody has answered at lately, each once until somebody does. */
  takeUnanswered(): readonly string[] {
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    return unanswered;
  }

  handleTimeout(now: number): void {
    this.#now = now;
    for (const place of this.#places.values()) {
      if (place.node !== null && now >= place.nextAt + FORGIVEN_US) this.#forgive(place);
      if (place.dialledAt !== null && now - place.dialledAt >= DIAL_TIMEOUT_US) {
        this.failed(place.address, now);
      }
    }
    const room = this.#room();
    if (room.count <= 0 || now < room.from) return;
    const due = [...this.#places.values()].filter(
      (place) => place.dialledAt === null && now >= place.nextAt && room.fits(place),
    );
    if (due.length > room.count) due.sort((left, right) => this.#farther(left, right));
    const dialling = this.#dialling();
    let left = room.count;
    for (const place of due) {
      if (left === 0) return;
      if (place.node !== null && dialling.has(place.node)) continue;
      left -= 1;
      place.dialledAt = now;
      if (place.node !== null) dialling.set(place.node, now);
      this.#options.dial(place.address);
    }
  }

  nextTimeout(): number {
    const dialling = this.#dialling();
    const room = this.#room();
    let soonest = Number.POSITIVE_INFINITY;
    for (const place of this.#places.values()) {
      const { node, dialledAt, nextAt } = place;
      if (dialledAt !== null) soonest = Math.min(soonest, dialledAt + DIAL_TIMEOUT_US);
      else if (room.fits(place)) {
        const other = node === null ? undefined : dialling.get(node);
        const free = other === undefined ? 0 : other + HOPEFUL_US;
        soonest = Math.min(soonest, Math.max(nextAt, room.from, free));
      }
    }
    return soonest;
  }

  /** Links that end as soon as they are there are no reason to try again at once. */
  #forgive(place: Place): void {
    if (place.failures > 0 && this.#options.isLinked(place.node!)) place.failures = 0;
  }

  #room(): Room {
    const { role, region, linkedRegions } = this.#options;
    const fits = (place: Place): boolean => this.#isAway(place);
    if (role() === "core") return { count: Number.POSITIVE_INFINITY, from: 0, fits };
    const linked = linkedRegions();
    const hopeful = this.#hopeful();
    // Whoever has a stream may be an edge as well.
    const fitsEdge = (place: Place): boolean => (place.seed || place.core) && fits(place);
    if (linked.length < EDGE_LINKS) {
      const count = EDGE_LINKS - linked.length - hopeful.length;
      const from = count > 0 ? 0 : Math.min(...hopeful) + HOPEFUL_US;
      return { count: Math.max(1, count), from, fits: fitsEdge };
    }
    // One of them at a time gives way to one of the own region.
    const complete = linked.length > EDGE_LINKS || linked.every((each) => each === region);
    if (complete || hopeful.length > 0) return NO_ROOM;
    const isNearer = (place: Place): boolean => place.region === region && fits(place);
    return { count: 1, from: 0, fits: isNearer };
  }

  /** Nobody is there that this node has a link with, nor itself. */
  #isAway({ node }: Place): boolean {
    return node === null || (node !== this.#options.self && !this.#options.isLinked(node));
  }

  /**
   * Those that probably answer first, of them those of the own region, then the nearest, then seeds of
   * which nothing is known.
   */
  #farther(left: Place, right: Place): number {
    const { region } = this.#options;
    const doubt = (place: Place): number => Number(this.#isDoubtful(place));
    const away = (place: Place): number => Number(place.region !== region);
    const way = ({ roundTripUs }: Place): number => roundTripUs ?? 1e12;
    return doubt(left) - doubt(right) || away(left) - away(right) || way(left) - way(right);
  }

  /** Whoever was there is silent now, or did not answer lately: it is near to no use. */
  #isDoubtful({ node, failures, nextAt }: Place): boolean {
    if (node !== null && this.#options.isQuiet(node)) return true;
    return failures > 0 && this.#now < nextAt + FORGIVEN_US;
  }

  /** When those were dialled of which something may still come soon. */
  #hopeful(): number[] {
    const times: number[] = [];
    for (const { dialledAt } of this.#places.values()) {
      if (dialledAt !== null && this.#now - dialledAt < HOPEFUL_US) times.push(dialledAt);
    }
    return times;
  }

  /** Nodes that are dialled at some address now, as long as something may come of it soon: since when. */
  #dialling(): Map<NodeId, number> {
    const nodes = new Map<NodeId, number>();
    for (const { node, dialledAt } of this.#places.values()) {
      if (node === null || dialledAt === null || this.#now - dialledAt >= HOPEFUL_US) continue;
      nodes.set(node, Math.max(dialledAt, nodes.get(node) ?? 0));
    }
    return nodes;
  }

  #place(address: string, now: number): Place | null {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    if (this.#places.size >= ADDRESSES_MAX && !this.#forgetOne()) return null;
    const place = new Place(address, now);
    this.#places.set(address, place);
    return place;
  }

  /** Room for a new address: the first that is no seed and that nobody answers at. */
  #forgetOne(): boolean {
    for (const [address, { seed, node, dialledAt }] of this.#places) {
      if (seed || dialledAt !== null || (node !== null && this.#options.isLinked(node))) continue;
      this.#places.delete(address);
      return true;
    }
    return false;
  }
}
