import type { KnownName } from "../../src/cascade/names.ts";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import { Pull } from "../../src/cascade/pull.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { readAlias, readSubscribe, readUpdate } from "../../src/wire/cascade/subscription.ts";
import { idOf } from "./ends.ts";
import { Neighbour, SELF } from "./neighbour.ts";

export const ROOT = idOf(1);
const KNOWN: KnownName = { name: "a", epoch: 5, owner: ROOT, tracks: [] };

/** A pull of a stream of node 1, asked of whoever is in `parents`, the best first. */
export class Ground {
  now = 1_000_000;
  parents: Neighbour[];
  /** Who would have to get it first. */
  others: Neighbour[] = [];
  changes = 0;
  /** Nodes have it from here that have it from others as well. */
  spare = false;
  have: (number | null)[] = [null, 9];
  readonly pull: Pull;
  readAt = Number.POSITIVE_INFINITY;
  /** By node: how long the whole way is, us. */
  readonly ways = new Map<string, number>();
  readonly #flowing = new Map<Neighbour, number>();
  #alias = 0;

  constructor(...parents: Neighbour[]) {
    this.parents = parents;
    this.pull = new Pull({
      self: idOf(SELF),
      stream: 3,
      known: KNOWN,
      rings: { have: () => this.have },
      candidates: () => this.parents.map(({ link }) => link),
      standbys: () => [...this.parents, ...this.others].map(({ link }) => link),
      way: ({ node }) => this.ways.get(node) ?? null,
      awaited: () => 0,
      alias: () => {
        this.#alias += 1;
        return this.#alias;
      },
      counted: () => {},
      isFed: () => false,
      isSpare: () => this.spare,
      readAt: () => this.readAt,
      pathChanged: () => {
        this.changes += 1;
      },
    });
    this.pull.want(1, this.now);
  }

  wait(us: number): void {
    for (const end = this.now + us; this.now < end; this.now += 5_000) {
      for (const [{ link }, alias] of this.#flowing) this.pull.useful(link, alias, this.now);
      this.pull.handleTimeout(this.now);
    }
  }

  /** From now on it gives what is of use. */
  flow(parent: Neighbour, alias: number): void {
    this.#flowing.set(parent, alias);
    this.pull.useful(parent.link, alias, this.now);
  }

  /** It has it not itself, but would get it by this way. */
  pledge(parent: Neighbour, alias: number, ...path: string[]): void {
    this.pull.accepted(parent.link, { alias, path: path.map(nodeBytes), heads: [] }, this.now);
  }

  accept(parent: Neighbour, alias: number, ...path: string[]): void {
    const nodes = path.length > 0 ? path : [ROOT, parent.id];
    this.pull.accepted(parent.link, { alias, path: nodes.map(nodeBytes), heads: [0] }, this.now);
  }

  /** A first parent that gives it and a second that stands by. */
  settle(): readonly [Neighbour, Neighbour] {
    const [first, second] = this.parents as [Neighbour, Neighbour];
    this.accept(first, 1);
    this.accept(second, 2);
    this.flow(first, 1);
    this.wait(500_000);
    return [first, second];
  }

  get states(): string[] {
    return this.pull.parents.map(({ node, state, mode }) => {
      return `${Number.parseInt(node, 16)} ${state} ${mode}`;
    });
  }
}

/** What a parent heard: SUB, UPD and UNSUB in words. */
export function heard(parent: Neighbour): string[] {
  return parent.heard().map(({ type, elements }) => {
    if (type === Message.subscribe) {
      const sub = readSubscribe(elements)!;
      return `sub ${sub.alias} ${sub.mode} ${sub.wanted}`;
    }
    if (type === Message.update) {
      const update = readUpdate(elements)!;
      return `update ${update.alias} ${update.mode} ${update.wanted}`;
    }
    return type === Message.unsubscribe ? `unsub ${readAlias(elements)}` : `message ${type}`;
  });
}

export const neighbours = (...numbers: number[]) => numbers.map((each) => new Neighbour(each));
