import type { Elements } from "../wire/cascade/elements.ts";
import { readNowhere, writeWhere } from "../wire/cascade/where.ts";
import type { Link } from "./link.ts";
import type { NameTable } from "./names.ts";

/** Who has not answered by then does not know. */
const ANSWER_US = 250_000;

interface LookUpsOptions {
  readonly names: NameTable;
  /** Who may know what this node does not. */
  readonly ask: () => readonly Link[];
  /** The name was heard of, or nobody knows it. */
  readonly found: (name: string) => void;
}

interface LookUp {
  readonly waitsFor: Set<Link>;
  readonly until: number;
}

/** Names that others are asked for. Whoever wants one sees to it that it is not asked for too often. */
export class LookUps {
  readonly #options: LookUpsOptions;
  /** By name, the oldest first. */
  readonly #open = new Map<string, LookUp>();

  constructor(options: LookUpsOptions) {
    this.#options = options;
  }

  begin(name: string, now: number): void {
    if (this.#open.has(name)) return;
    const { names, ask } = this.#options;
    const waitsFor = new Set(names.best(name) === null ? ask() : []);
    for (const link of waitsFor) link.send(writeWhere(name));
    this.#open.set(name, { waitsFor, until: now + ANSWER_US });
    this.#look(name);
  }

  /** Somebody does not know it. */
  answered(link: Link, elements: Elements): void {
    const nowhere = readNowhere(elements);
    if (nowhere === null) return;
    this.#options.names.heardOf(nowhere.name, nowhere.epoch);
    this.#open.get(nowhere.name)?.waitsFor.delete(link);
    this.#look(nowhere.name);
  }

  /** What counts under a name may be known now. */
  changed(name: string): void {
    if (this.#open.has(name) && this.#options.names.best(name) !== null) this.#end(name);
  }

  closed(link: Link): void {
    for (const [name, { waitsFor }] of [...this.#open]) if (waitsFor.delete(link)) this.#look(name);
  }

  handleTimeout(now: number): void {
    for (const [name, { until }] of [...this.#open]) {
      if (now < until) return;
      this.#end(name);
    }
  }

  nextTimeout(): number {
    for (const { until } of this.#open.values()) return until;
    return Number.POSITIVE_INFINITY;
  }

  #look(name: string): void {
    if (this.#open.get(name)?.waitsFor.size === 0) this.#end(name);
  }

  #end(name: string): void {
    this.#open.delete(name);
    this.#options.found(name);
  }
}
