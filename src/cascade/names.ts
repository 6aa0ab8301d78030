import { EPOCH_MAX, type Name, type NamedTrack } from "../wire/cascade/name.ts";
import { type NodeId, nodeBytes, nodeIdOf } from "./node-id.ts";

/** Names whose highest epoch is remembered when nobody has them any more: 4,096 x about 100 B. */
const REMEMBERED_MAX = 4096;
/** Names that one link may tell: more than any node has rings for. */
const NAMES_OF_A_LINK_MAX = 4096;

/** Which stream: of two with one name the one with the higher epoch counts, then the higher owner. */
export interface StreamKey {
  readonly name: string;
  readonly epoch: number;
  readonly owner: NodeId;
}

/** A stream that some node publishes. */
export interface KnownName extends StreamKey {
  readonly tracks: readonly NamedTrack[];
}

export function sameKey(left: StreamKey, right: StreamKey): boolean {
  return left.name === right.name && left.epoch === right.epoch && left.owner === right.owner;
}

/** Whether `left` counts where both have the name. */
export function outranks(left: StreamKey, right: StreamKey): boolean {
  return left.epoch === right.epoch ? left.owner > right.owner : left.epoch > right.epoch;
}

/** What a link told: the name of its own node, or of another that it is told on for. */
interface Told {
  readonly link: number;
  readonly known: KnownName;
}

/** As NAME tells it. */
export function toName({ name, epoch, owner, tracks }: KnownName, relayed: boolean): Name {
  return { name, epoch, owner: nodeBytes(owner), relayed, tracks };
}

export function keyOf({ name, epoch, owner }: Pick<Name, "name" | "epoch" | "owner">): StreamKey {
  return { name, epoch, owner: nodeIdOf(owner) };
}

/**
 * The streams of the cluster, as this node publishes them and as live links tell them. What a link told
 * goes with it: nobody is believed about a third node, and nothing outlives who told it.
 */
export class NameTable {
  readonly #own = new Map<string, KnownName>();
  /** By name: one of each link and owner. */
  readonly #heard = new Map<string, Told[]>();
  readonly #toldBy = new Map<number, number>();
  /** Highest epoch ever heard of a name; the longest unheard is forgotten first. */
  readonly #highest = new Map<string, number>();

  /** The stream that counts under a name; null when nobody has it. */
  best(name: string): KnownName | null {
    let best = this.#own.get(name) ?? null;
    for (const { known } of this.told(name)) {
      if (best === null || outranks(known, best)) best = known;
    }
    return best;
  }

  own(name: string): KnownName | null {
    return this.#own.get(name) ?? null;
  }

  owned(): IterableIterator<KnownName> {
    return this.#own.values();
  }

  /** Names that links tell. */
  heard(): IterableIterator<string> {
    return this.#heard.keys();
  }

  /** Who tells what of a name. */
  told(name: string): readonly Told[] {
    return this.#heard.get(name) ?? [];
  }

  /** The highest epoch of a name that was ever heard; 0 for none. */
  highest(name: string): number {
    return this.#highest.get(name) ?? 0;
  }

  /** Somebody has heard of it before. */
  heardOf(name: string, epoch: number): void {
    if (epoch > 0) this.#remember({ name, epoch });
  }

  /** All that a link told. */
  *toldBy(link: number): IterableIterator<KnownName> {
    for (const told of this.#heard.values()) {
      for (const each of told) if (each.link === link) yield each.known;
    }
  }

  /** Whether this link told just this. */
  isToldBy(link: number, key: StreamKey): boolean {
    return this.told(key.name).some((each) => each.link === link && sameKey(each.known, key));
  }

  /** This node publishes it from now on, in an epoch above all that were heard, `epochMin` at least. */
  publish(name: string, owner: NodeId, tracks: readonly NamedTrack[], epochMin = 0): KnownName {
    const epoch = Math.max(epochMin, this.#nextEpoch(name));
    const known = { name, epoch, owner, tracks };
    this.#own.set(name, known);
    this.#remember(known);
    return known;
  }

  /** No more; null when it did not. */
  unpublish(name: string): KnownName | null {
    const known = this.#own.get(name) ?? null;
    this.#own.delete(name);
    return known;
  }

  /** A link tells a name. False when it tells more than it may. */
  hear(link: number, known: KnownName): boolean {
    const told = this.#heard.get(known.name) ?? [];
    const at = told.findIndex((each) => each.link === link && each.known.owner === known.owner);
    if (at >= 0) told[at] = { link, known };
    else {
      const count = this.#toldBy.get(link) ?? 0;
      if (count >= NAMES_OF_A_LINK_MAX) return false;
      this.#toldBy.set(link, count + 1);
      told.push({ link, known });
    }
    this.#heard.set(known.name, told);
    this.#remember(known);
    return true;
  }

  /** The link takes it back: that one, not one that it told later. */
  unhear(link: number, key: StreamKey): void {
    if (this.isToldBy(link, key)) this.#drop(link, key);
  }

  /** The link is gone. */
  forget(link: number): void {
    for (const known of [...this.toldBy(link)]) this.#drop(link, known);
    this.#toldBy.delete(link);
  }

  #drop(link: number, { name, owner }: StreamKey): void {
    const left = this.#heard
      .get(name)!
      .filter((each) => each.link !== link || each.known.owner !== owner);
    this.#toldBy.set(link, (this.#toldBy.get(link) ?? 1) - 1);
    if (left.length === 0) this.#heard.delete(name);
    else this.#heard.set(name, left);
  }

  /** Above all that were heard; where one of them left no room, above those that are still told. */
  #nextEpoch(name: string): number {
    if (this.highest(name) >= EPOCH_MAX) {
      const told = this.told(name).map(({ known }) => known.epoch);
      this.#highest.set(name, Math.min(EPOCH_MAX - 1, Math.max(0, ...told)));
    }
    return this.highest(name) + 1;
  }

  #remember({ name, epoch }: Pick<StreamKey, "name" | "epoch">): void {
    const highest = Math.max(epoch, this.highest(name));
    // Behind all others again.
    this.#highest.delete(name);
    this.#highest.set(name, highest);
    if (this.#highest.size <= REMEMBERED_MAX) return;
    for (const other of this.#highest.keys()) {
      this.#highest.delete(other);
      return;
    }
  }
}
