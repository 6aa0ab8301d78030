import type { Elements } from "../wire/cascade/elements.ts";
import type { NodeRole } from "../wire/cascade/hello.ts";
import { readName, readUnname, writeName, writeUnname } from "../wire/cascade/name.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import { type KnownName, keyOf, type NameTable, toName } from "./names.ts";
import type { NodeId } from "./node-id.ts";

interface NameExchangeOptions {
  readonly self: NodeId;
  readonly role: () => NodeRole;
  readonly names: NameTable;
  readonly links: Links;
  /** What counts under a name may be another stream now. `ended`: who told it took it back. */
  readonly changed: (name: string, ended: boolean) => void;
}

/**
 * What links tell each other of names. A node tells what it publishes itself; a core tells on what an
 * edge publishes, and to its edges what cores publish, each once and marked as such. Nothing else is
 * told on.
 */
export class NameExchange {
  readonly #options: NameExchangeOptions;

  constructor(options: NameExchangeOptions) {
    this.#options = options;
  }

  /** A link opened: it hears all that it is to know. */
  greet(link: Link): void {
    const { names, links } = this.#options;
    for (const known of names.owned()) link.send(writeName(toName(known, false)));
    for (const from of links.open()) {
      if (!this.#tellsOn(from, link)) continue;
      for (const known of names.toldBy(from.session)) {
        if (known.owner === from.node) link.send(writeName(toName(known, true)));
      }
    }
  }

  /** This node publishes it, `before` no more. */
  published(known: KnownName | null, before: KnownName | null): void {
    for (const link of this.#options.links.open()) {
      if (before !== null) link.send(writeUnname(toName(before, false)));
      if (known !== null) link.send(writeName(toName(known, false)));
    }
  }

  heard(link: Link, elements: Elements): void {
    const { names, self, changed } = this.#options;
    const name = readName(elements);
    if (name === null) return;
    const known: KnownName = { ...keyOf(name), tracks: name.tracks };
    const believed = name.relayed
      ? link.hello?.role === "core" && known.owner !== self
      : known.owner === link.node;
    if (!believed || !names.hear(link.session, known)) return;
    changed(known.name, false);
    if (name.relayed) return;
    for (const to of this.#listeners(link)) to.send(writeName(toName(known, true)));
  }

  unheard(link: Link, elements: Elements): void {
    const { names, changed } = this.#options;
    const told = readUnname(elements);
    if (told === null) return;
    const key = keyOf(told);
    if (!names.isToldBy(link.session, key)) return;
    names.unhear(link.session, key);
    changed(key.name, true);
    if (key.owner !== link.node) return;
    for (const to of this.#listeners(link)) to.send(writeUnname(told));
  }

  /** The link is gone, and with it all that it told. */
  forget(link: Link): void {
    const { names, changed } = this.#options;
    const told = [...names.toldBy(link.session)];
    names.forget(link.session);
    for (const known of told) {
      changed(known.name, false);
      if (known.owner !== link.node) continue;
      for (const to of this.#listeners(link)) to.send(writeUnname(toName(known, true)));
    }
  }

  #listeners(from: Link): Link[] {
    return [...this.#options.links.open()].filter((link) => this.#tellsOn(from, link));
  }

  #tellsOn(from: Link, to: Link): boolean {
    if (this.#options.role() !== "core" || from === to) return false;
    return from.hello?.role === "edge" || to.hello?.role === "edge";
  }
}
