import type { NodeRole } from "../wire/cascade/hello.ts";
import { coresMaxOf, type NodeSelf } from "./greeting.ts";
import type { Link } from "./link.ts";
import type { NodeId } from "./node-id.ts";

/** A core looks so often whether it is one too many, an edge whether there are too few. */
const LOOK_US = 500_000;
/** One too many for so long is an edge: by then all have links with all. */
const OUTRANKED_US = 3_000_000;
/** Where there are too few for so long an edge becomes one, each time that it did so in vain later. */
const FEW_US = 10_000_000;
const IN_VAIN_MAX = 5;
/** ... and one of all edges before the others: most of them draw late in this time. */
const SPREAD_US = 60_000_000;
/** Of 4,000 edges about one draws a time in each second of the first ten: e^9 = 8,103. */
const SPREAD = 9;
/** It has links with all cores before it says that it is one, or with those that answer by then. */
const RISING_US = 5_000_000;

interface RolesOptions {
  readonly self: NodeSelf;
  /** 0 <= x < 1. */
  readonly random: () => number;
  /** Links with whomever. */
  readonly openCount: () => number;
  /** Links with cores of which something comes. */
  readonly linked: () => readonly Link[];
  /** Cores beside this node, for all that it and those have told. */
  readonly known: () => ReadonlySet<NodeId>;
  /** This node is to be this from now on. */
  readonly turn: (role: NodeRole, now: number) => void;
}

/**
 * Whether this node is a core. Who joins knows only those that others have found by then, so more than
 * there should be may begin as one: each that finds enough before it in rank steps back. Whoever is the
 * highest in rank never does, whatever it knows, and so there are always enough.
 */
export class Roles {
  readonly #options: RolesOptions;
  #lookAt = 0;
  /** When it becomes the other; null while there is no reason to. */
  #turnAt: number | null = null;
  /** It looks for all cores, to be one of them; until then at the latest. */
  #risingUntil: number | null = null;
  #inVain = 0;

  constructor(options: RolesOptions) {
    this.#options = options;
  }

  /** It has links as a core, be it one or soon. */
  get linksAs(): NodeRole {
    return this.#risingUntil === null ? this.#options.self.role : "core";
  }

  handleTimeout(now: number): void {
    const { self } = this.#options;
    if (self.wish === "edge" || now < this.#lookAt) return;
    this.#lookAt = now + LOOK_US;
    if (self.role === "core") this.#lookAsCore(now);
    else this.#lookAsEdge(now);
  }

  nextTimeout(): number {
    const { self, openCount } = this.#options;
    const isOne = self.role === "core" && openCount() < coresMaxOf(self.wish);
    return self.wish === "edge" || isOne ? Number.POSITIVE_INFINITY : this.#lookAt;
  }

  #lookAsCore(now: number): void {
    const { self, linked, turn } = this.#options;
    const before = linked().filter((link) => ranksBefore(link, self)).length;
    if (before < coresMaxOf(self.wish)) {
      this.#turnAt = null;
      return;
    }
    this.#turnAt ??= now + OUTRANKED_US;
    if (now < this.#turnAt) return;
    this.#turnAt = null;
    this.#inVain = Math.min(IN_VAIN_MAX, this.#inVain + 1);
    turn("edge", now);
  }

  #lookAsEdge(now: number): void {
    const { self, linked, known, turn } = this.#options;
    const cores = known();
    if (cores.size >= coresMaxOf(self.wish)) {
      this.#turnAt = null;
      this.#risingUntil = null;
      return;
    }
    this.#turnAt ??= now + this.#patienceUs();
    if (now < this.#turnAt) return;
    this.#risingUntil ??= now + RISING_US;
    if (linked().length < cores.size && now < this.#risingUntil) return;
    this.#turnAt = null;
    this.#risingUntil = null;
    turn("core", now);
  }

  #patienceUs(): number {
    const drawn = Math.log1p(this.#options.random() * Math.expm1(SPREAD)) / SPREAD;
    return FEW_US * 2 ** this.#inVain + SPREAD_US * drawn;
  }
}

/** Those that are told to be one first, then the lower id. Whoever does not say cannot step back. */
function ranksBefore({ node, hello }: Link, self: NodeSelf): boolean {
  const told = hello?.told !== false;
  const selfTold = self.wish !== "auto";
  return told === selfTold ? node < self.id : told;
}
