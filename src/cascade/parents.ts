import type { Mode } from "../wire/cascade/subscription.ts";
import {
  ALIAS_MAX,
  writeSubscribe,
  writeUnsubscribe,
  writeUpdate,
} from "../wire/cascade/subscription.ts";
import type { Link } from "./link.ts";
import type { KnownName } from "./names.ts";
import { type NodeId, nodeBytes } from "./node-id.ts";
import { isDeep, isUseful, type Parent, sharesNode } from "./parent.ts";

/** From so many viewers of a node on the second parent costs less than what it saves. */
const HOT_VIEWERS = 10;

/** Of the rings that the stream is pulled into. */
export interface PulledRings {
  /** Where each goes on, to ask for; null where nothing was had yet. */
  have(): readonly (number | null)[];
}

interface ParentsOptions {
  readonly known: KnownName;
  readonly rings: PulledRings;
  /** A number that no other stream has on this link. */
  readonly alias: (link: Link) => number;
  /** So many streams more come from this node, or stand by there: 1 or -1. */
  readonly counted: (node: NodeId, change: number) => void;
  /** How long the whole way is, as in PullOptions. */
  readonly way: (link: Link, path: readonly NodeId[]) => number | null;
}

/** The nodes that were asked for one stream, and what they are told. */
export class Parents {
  readonly #options: ParentsOptions;
  readonly #all: Parent[] = [];
  /** Rings that somebody here wants, a bit each. */
  wanted = 0;

  constructor(options: ParentsOptions) {
    this.#options = options;
  }

  get all(): readonly Parent[] {
    return this.#all;
  }

  /** Those that give it, or are to, of which first who does so longest: whoever joins replaces nobody. */
  giving(): Parent[] {
    const since = ({ usefulSince }: Parent): number => usefulSince ?? Number.MAX_VALUE;
    const live = this.#all.filter(({ mode }) => mode === "live");
    return live.sort((left, right) => since(left) - since(right));
  }

  /**
   * By whose way it comes: of those that give it the first that is well. Whoever has not been of use yet
   * counts behind one that was, though that has fallen silent.
   */
  first(isWell: (parent: Parent) => boolean): Parent | null {
    const giving = this.giving().filter(({ state }) => state === "accepted");
    const used = giving.filter(({ usefulSince }) => usefulSince !== null);
    const counted = used.length > 0 ? used : giving;
    return counted.find(isWell) ?? counted[0] ?? null;
  }

  /** One that is to give it does, as far as was heard by then. */
  useful(heardBy: number): boolean {
    return this.giving().some((parent) => isUseful(parent, heardBy));
  }

  /** It was asked for it, and has not said yes so far. */
  waitFor(link: Link): boolean {
    return this.#all.some(
      (each) => each.link === link && each.mode === "live" && each.state !== "accepted",
    );
  }

  /** Links by which it comes, of which first who gives it longest. */
  get givers(): Link[] {
    return this.giving()
      .filter(isGiver)
      .map(({ link }) => link);
  }

  /** Rings that none of those has who give it, a bit each. */
  get withheld(): number {
    const givers = this.#all.filter(isGiver);
    return givers.length === 0 ? 0 : givers.reduce((both, { withheld }) => both & withheld, -1);
  }

  /**
   * How many of them are wanted, while these are well. `single`: a second is of no help; `spare`: who has
   * it from here has another parent, and needs no second one for a link of this node that does badly.
   */
  liveCount(giving: readonly Parent[], viewers: number, single: boolean, spare: boolean): number {
    if (single) return 1;
    const isBad = giving.some(({ link, withheld }) => {
      return (link.gray.isGray && !spare) || (withheld & this.wanted) !== 0;
    });
    return isBad || viewers >= HOT_VIEWERS ? 2 : 1;
  }

  /** Those that stand by, or were asked to. */
  get standbys(): Parent[] {
    return this.#all.filter(({ mode }) => mode === "warm");
  }

  /**
   * Those that stand by, of which first whom no failure of a node takes together with `path`, of those by
   * whom it can be given on, and of those who has it by the shortest way.
   */
  ready(path: readonly NodeId[] | null): Parent[] {
    const ready = this.standbys.filter(({ state }) => state === "accepted");
    const rank = (parent: Parent): number => {
      return (sharesNode(parent, path) ? 2 : 0) + (isDeep(parent.path) ? 1 : 0);
    };
    const way = ({ link, path: by }: Parent): number => {
      return this.#options.way(link, by) ?? Number.MAX_SAFE_INTEGER;
    };
    return ready.sort((left, right) => rank(left) - rank(right) || way(left) - way(right));
  }

  /** Somebody stands by whom no failure of a node takes together with `path`. */
  hasApart(path: readonly NodeId[] | null): boolean {
    return this.standbys.some((each) => each.state === "accepted" && !sharesNode(each, path));
  }

  /**
   * Those that have what is missing, of which first who gives it; none that is not well while another
   * is.
   */
  having(isWell: (parent: Parent) => boolean): Parent[] {
    const having = this.#all.filter(
      ({ state, link, pledged }) => state === "accepted" && link.open && !pledged,
    );
    const well = having.filter(isWell);
    const rank = ({ mode }: Parent): number => (mode === "live" ? 0 : 1);
    return (well.length > 0 ? well : having).sort((left, right) => rank(left) - rank(right));
  }

  /** Of those that give it one has to, unless `all` are spare; the others go where a place is needed. */
  markSpares(giving: readonly Parent[], all: boolean): void {
    const first = giving.find(({ state }) => state === "accepted") ?? giving[0];
    for (const parent of giving) {
      const spare = all || parent !== first;
      if (parent.spare === spare) continue;
      parent.spare = spare;
      this.#tell(parent);
    }
  }

  has(link: Link): boolean {
    return this.#all.some((parent) => parent.link === link);
  }

  find(link: Link, alias: number): Parent | null {
    return this.#all.find((each) => each.link === link && each.alias === alias) ?? null;
  }

  /** `path`: the nodes that it comes by so far; `spare`: another gives it already. */
  ask(link: Link, mode: Mode, path: readonly NodeId[] | null, spare: boolean, now: number): void {
    const { known, rings } = this.#options;
    const { wanted } = this;
    const alias = this.#options.alias(link);
    if (alias > ALIAS_MAX) return;
    this.#all.push({
      ...{ link, alias, state: "asked", mode, since: now, path: [], wanted },
      ...{ usefulSince: null, usefulAt: null, leaving: false, pledged: false, spare, withheld: 0 },
    });
    const { name, epoch } = known;
    link.send(
      writeSubscribe({
        ...{ alias, name, epoch, wanted, mode, spare },
        owner: nodeBytes(known.owner),
        have: rings.have(),
        path: (path ?? []).map(nodeBytes),
      }),
    );
  }

  /** False when nothing has changed. */
  want(wanted: number): boolean {
    if (wanted === this.wanted) return false;
    this.wanted = wanted;
    for (const parent of this.#all) {
      parent.wanted = wanted;
      this.#tell(parent);
    }
    return true;
  }

  /** It said yes, or that it has to get it first. */
  answered(parent: Parent, state: "accepted" | "not-ready", now: number): void {
    this.#count(parent, -1);
    parent.state = state;
    parent.since = now;
    this.#count(parent, 1);
  }

  /** What was worth having came of it. True the first time since it is live. */
  noteUseful(link: Link, alias: number, at: number): boolean {
    const parent = this.find(link, alias);
    if (parent === null) return false;
    const isFirst = parent.usefulSince === null;
    parent.usefulSince ??= at;
    parent.usefulAt = Math.max(at, parent.usefulAt ?? at);
    return isFirst;
  }

  setMode(parent: Parent, mode: Mode, spare: boolean, now: number): void {
    parent.mode = mode;
    parent.spare = spare;
    parent.since = now;
    parent.usefulSince = null;
    parent.usefulAt = null;
    this.#tell(parent);
  }

  remove(parent: Parent): void {
    parent.link.send(writeUnsubscribe(parent.alias));
    this.drop(parent);
  }

  /** As `remove`, of one that knows. */
  drop(parent: Parent): void {
    const at = this.#all.indexOf(parent);
    if (at < 0) return;
    this.#all.splice(at, 1);
    this.#count(parent, -1);
  }

  #count({ link, state }: Parent, change: number): void {
    if (state === "accepted") this.#options.counted(link.node, change);
  }

  #tell({ link, alias, wanted, mode, spare }: Parent): void {
    link.send(writeUpdate({ alias, wanted, mode, have: this.#options.rings.have(), spare }));
  }
}

function isGiver({ mode, state }: Parent): boolean {
  return mode === "live" && state === "accepted";
}
