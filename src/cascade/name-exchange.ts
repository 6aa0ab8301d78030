import type { Elements } from "../wire/cascade/elements.ts";
import type { NodeRole } from "../wire/cascade/hello.ts";
import { Message } from "../wire/cascade/kinds.ts";
import { readName, readUnname, writeName, writeUnname } from "../wire/cascade/name.ts";
import { readWhere, writeNowhere, writeWhere } from "../wire/cascade/where.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import { type KnownName, keyOf, type NameTable, outranks, toName } from "./names.ts";
import type { NodeId } from "./node-id.ts";

interface NameExchangeOptions {
  readonly self: NodeId;
  readonly role: () => NodeRole;
  readonly names: NameTable;
  readonly links: Links;
  /** Whoever is at the other end has told that it has a link with a node. */
  readonly hasLink: (link: Link, node: NodeId) => boolean;
  /** Names of streams that this node has from others. */
  readonly pulled: () => Iterable<string>;
  /** What counts under a name may be another stream now. `ended`: who told it took it back. */
  readonly changed: (name: string, ended: boolean) => void;
}

/** What a link is told beside what this node publishes. */
class Audience {
  /** Names that it has asked for, or that it is told of for another reason, as long as somebody has them. */
  readonly follows = new Set<string>();
  /** By name: what it was told. */
  readonly told = new Map<string, readonly KnownName[]>();
}

/**
 * What links tell each other of names. A node tells what it publishes itself. A core tells on, each once
 * and marked as such, to other cores what an edge publishes; and to whoever asked for a name, or
 * publishes it and cannot hear of a better one, what counts under it. A core that asks is told only what
 * the owner itself told, so that no two keep up for each other what is over. Nothing else is told on.
 */
export class NameExchange {
  readonly #options: NameExchangeOptions;
  readonly #audiences = new Map<Link, Audience>();

  constructor(options: NameExchangeOptions) {
    this.#options = options;
  }

  /** A link opened: it hears all that it is to know. */
  greet(link: Link): void {
    const { names } = this.#options;
    this.#audiences.set(link, new Audience());
    for (const known of names.owned()) link.send(writeName(toName(known, false)));
    this.#introduce(link);
  }

  /** This node is something else now: what it told on as a core it takes back before it says so. */
  turned(): void {
    const links = [...this.#audiences];
    if (this.#options.role() === "edge") {
      for (const [link, { told }] of links)
        for (const name of [...told.keys()]) this.#tellOn(link, name);
    }
    for (const [link] of links) {
      link.sendRole();
      this.#introduce(link);
    }
  }

  /** The other end is something else now. */
  met(link: Link): void {
    const { names, changed } = this.#options;
    const audience = this.#audiences.get(link);
    if (audience === undefined) return;
    const told = [...names.toldBy(link.session)];
    if (link.hello?.role === "core") this.#introduce(link);
    else {
      // It goes on with what it has by those names.
      for (const name of audience.told.keys()) audience.follows.add(name);
      for (const known of told.filter(({ owner }) => owner !== link.node)) {
        names.unhear(link.session, known);
        changed(known.name, true);
      }
    }
    for (const { name } of told) this.#spread(name);
  }

  /** This node publishes it, and nothing else under its name any more. */
  published(known: KnownName): void {
    for (const link of this.#options.links.open()) link.send(writeName(toName(known, false)));
    this.#spread(known.name);
  }

  unpublished(known: KnownName): void {
    for (const link of this.#options.links.open()) link.send(writeUnname(toName(known, false)));
    this.#spread(known.name);
  }

  /** What the other end says of names; false when the message is not about them. */
  message(link: Link, type: number, elements: Elements): boolean {
    if (type === Message.name) this.#heard(link, elements);
    else if (type === Message.unname) this.#unheard(link, elements);
    else if (type === Message.where) this.#where(link, elements);
    else return false;
    return true;
  }

  /** The link is gone, and with it all that it told. */
  forget(link: Link): void {
    const { names, changed } = this.#options;
    this.#audiences.delete(link);
    const told = new Set([...names.toldBy(link.session)].map(({ name }) => name));
    names.forget(link.session);
    for (const name of told) {
      changed(name, false);
      this.#spread(name);
    }
  }

  #heard(link: Link, elements: Elements): void {
    const { names, self, changed } = this.#options;
    const name = readName(elements);
    if (name === null) return;
    const known: KnownName = { ...keyOf(name), tracks: name.tracks };
    const believed = name.relayed
      ? link.hello?.role === "core" && known.owner !== self
      : known.owner === link.node;
    if (!believed || !names.hear(link.session, known)) return;
    changed(known.name, false);
    this.#spread(known.name);
  }

  #unheard(link: Link, elements: Elements): void {
    const { names, changed } = this.#options;
    const told = readUnname(elements);
    if (told === null) return;
    const key = keyOf(told);
    if (!names.isToldBy(link.session, key)) return;
    names.unhear(link.session, key);
    changed(key.name, true);
    this.#spread(key.name);
  }

  /** This node has it from others from now on: an edge hears by all of its cores what becomes of it. */
  follow(name: string): void {
    const { role, links } = this.#options;
    if (role() === "edge") for (const link of links.cores()) link.send(writeWhere(name));
  }

  /** What it is to know of others' names. */
  #introduce(link: Link): void {
    const { names, role, pulled } = this.#options;
    if (role() === "core") for (const name of [...names.heard()]) this.#tellOn(link, name);
    // What became of a name that it has from others it hears of by any of its cores.
    else for (const name of pulled()) link.send(writeWhere(name));
  }

  /** It asks for a name. */
  #where(link: Link, elements: Elements): void {
    const name = readWhere(elements);
    if (name === null) return;
    const { names } = this.#options;
    const audience = this.#audiences.get(link);
    audience?.follows.add(name);
    this.#tellOn(link, name);
    if (audience?.told.has(name) || names.own(name) !== null) return;
    link.send(writeNowhere({ name, epoch: names.highest(name) }));
  }

  /** All others hear what they are to know of it. */
  #spread(name: string): void {
    if (this.#options.role() !== "core") return;
    for (const link of this.#audiences.keys()) this.#tellOn(link, name);
  }

  /** Tells what is new of it to the link, and takes back what is not any more. */
  #tellOn(link: Link, name: string): void {
    const audience = this.#audiences.get(link);
    if (audience === undefined) return;
    const before = audience.told.get(name) ?? [];
    const owed = this.#owed(link, audience, name);
    for (const known of owed) {
      if (!before.includes(known)) link.send(writeName(toName(known, true)));
    }
    for (const known of before) {
      const stays = owed.some(({ owner }) => owner === known.owner);
      if (!stays) link.send(writeUnname(toName(known, true)));
    }
    if (owed.length > 0) audience.told.set(name, owed);
    else {
      audience.told.delete(name);
      audience.follows.delete(name);
    }
  }

  /** What the link is to know of a name beside what this node publishes. */
  #owed(link: Link, audience: Audience, name: string): KnownName[] {
    const { names, links, role } = this.#options;
    if (role() !== "core") return [];
    const toCore = link.hello?.role === "core";
    const own = names.own(name);
    const owed: KnownName[] = [];
    let best = own;
    for (const { link: session, known } of names.told(name)) {
      if (known.owner === link.node) continue;
      const from = links.bySession(session);
      const direct = from?.node === known.owner;
      if (toCore && !direct) continue;
      if (toCore && from?.hello?.role === "edge") owed.push(known);
      if (best === null || outranks(known, best)) best = known;
    }
    if (best === null || best === own || owed.includes(best)) return owed;
    if (this.#isRival(link, best)) audience.follows.add(name);
    if (audience.follows.has(name)) owed.push(best);
    return owed;
  }

  /** It publishes the name itself, cannot hear of what counts in its place, and has to. */
  #isRival(link: Link, best: KnownName): boolean {
    const { names, hasLink } = this.#options;
    const { session, node } = link;
    const mine = names.told(best.name).find(({ link: by, known }) => {
      return by === session && known.owner === node;
    });
    return mine !== undefined && outranks(best, mine.known) && !hasLink(link, best.owner);
  }
}
