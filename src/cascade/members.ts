import type { NodeRole } from "../wire/cascade/hello.ts";
import { CORES_MAX } from "../wire/cascade/node.ts";
import type { NodeId } from "./node-id.ts";

/** An address that does not answer is tried again after this, twice as long each time ... */
const REDIAL_MIN_US = 250_000;
/** ... up to this, for ever: a partition heals by itself. */
const REDIAL_MAX_US = 10_000_000;
/** A link that is not there by then never will be. */
const DIAL_TIMEOUT_US = 5_000_000;
/** Where a link has held for so long all failures before it are forgotten. */
const FORGIVEN_US = 10_000_000;
/** Links that an edge keeps to cores. */
const EDGE_LINKS = 3;
/** Addresses of all cores, a few each, and seeds. */
const ADDRESSES_MAX = 8 * CORES_MAX;

/** Where a node may be. */
interface Place {
  readonly address: string;
  seed: boolean;
  /** Who was there last; null while nobody was. */
  node: NodeId | null;
  dialledAt: number | null;
  failures: number;
  nextAt: number;
  /** A seed that nobody answers at: told, until somebody does. */
  told: boolean;
}

export interface MembersOptions {
  readonly self: NodeId;
  readonly role: NodeRole;
  /** Spreads redials: 0 <= x < 1. */
  readonly random: () => number;
  /** Nodes that this one has a link with, whoever dialled. */
  readonly isLinked: (node: NodeId) => boolean;
  readonly linkedCores: () => number;
  readonly dial: (address: string) => void;
}

/** Whom this node dials: the seeds, and those that other cores have links with. */
export class Members {
  readonly #options: MembersOptions;
  readonly #places = new Map<string, Place>();
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

  /** Another node says that a core can be reached there. */
  hint(node: NodeId, addresses: readonly string[], now: number): void {
    if (node === this.#options.self) return;
    for (const address of addresses) {
      const place = this.#place(address, now);
      if (place !== null && place.node === null) place.node = node;
    }
  }

  /** A link to what was dialled at this address is there. */
  reached(address: string, node: NodeId): void {
    const place = this.#places.get(address);
    if (place === undefined) return;
    place.node = node;
    place.dialledAt = null;
    place.told = false;
  }

  /** It came to nothing, or is over. */
  failed(address: string, now: number): void {
    const place = this.#places.get(address);
    if (place === undefined) return;
    if (place.dialledAt !== null && place.seed && !place.told) {
      place.told = true;
      this.#unanswered.push(address);
    }
    place.dialledAt = null;
    const wait = Math.min(REDIAL_MAX_US, REDIAL_MIN_US * 2 ** Math.min(place.failures, 10));
    place.failures += 1;
    const { self, isLinked } = this.#options;
    // Somebody else may be there next time; a second link to a node that has one is no failure.
    if (place.node !== null && place.node !== self && !isLinked(place.node)) place.node = null;
    place.nextAt = now + wait * (0.75 + 0.5 * this.#options.random());
  }

  /** Seeds that nobody has answered at lately, each once until somebody does. */
  takeUnanswered(): readonly string[] {
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    return unanswered;
  }

  handleTimeout(now: number): void {
    const dialling = this.#dialling();
    for (const place of this.#places.values()) {
      if (place.node !== null && now >= place.nextAt + FORGIVEN_US) this.#forgive(place);
      if (place.dialledAt !== null) {
        if (now - place.dialledAt >= DIAL_TIMEOUT_US) this.failed(place.address, now);
      } else if (now >= place.nextAt && this.#isWorthDialling(place, dialling)) {
        place.dialledAt = now;
        if (place.node !== null) dialling.add(place.node);
        this.#options.dial(place.address);
      }
    }
  }

  nextTimeout(): number {
    const dialling = this.#dialling();
    let soonest = Number.POSITIVE_INFINITY;
    for (const place of this.#places.values()) {
      if (place.dialledAt !== null) {
        soonest = Math.min(soonest, place.dialledAt + DIAL_TIMEOUT_US);
      } else if (this.#isWorthDialling(place, dialling)) {
        soonest = Math.min(soonest, place.nextAt);
      }
    }
    return soonest;
  }

  /** Links that end as soon as they are there are no reason to try again at once. */
  #forgive(place: Place): void {
    if (place.failures > 0 && this.#options.isLinked(place.node!)) place.failures = 0;
  }

  #isWorthDialling({ node }: Place, dialling: ReadonlySet<NodeId>): boolean {
    const { self, role, isLinked, linkedCores } = this.#options;
    if (node === self || (node !== null && isLinked(node))) return false;
    if (node !== null && dialling.has(node)) return false;
    return role === "core" || linkedCores() < EDGE_LINKS;
  }

  /** Nodes that are dialled at some address now. */
  #dialling(): Set<NodeId> {
    const nodes = new Set<NodeId>();
    for (const { node, dialledAt } of this.#places.values()) {
      if (node !== null && dialledAt !== null) nodes.add(node);
    }
    return nodes;
  }

  #place(address: string, now: number): Place | null {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    if (this.#places.size >= ADDRESSES_MAX && !this.#forgetOne()) return null;
    const place: Place = {
      address,
      seed: false,
      node: null,
      dialledAt: null,
      failures: 0,
      nextAt: now,
      told: false,
    };
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
