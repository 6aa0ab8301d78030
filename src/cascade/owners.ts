import type { Elements } from "../wire/cascade/elements.ts";
import {
  type OwnQuestion,
  readOwn,
  readOwnQuestion,
  writeOwn,
  writeOwnQuestion,
} from "../wire/cascade/node.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import type { NameTable } from "./names.ts";

/** Whoever asked has given up by then. */
const PATIENCE_US = 1_000_000;
const OPEN_MAX = 1024;
/** Who told of a name is asked for its owner: so many of them. */
const WAYS_MAX = 3;

/** What is asked of a name. */
export type Asked = Pick<OwnQuestion, "name" | "withinMs">;

interface OwnersOptions {
  readonly names: NameTable;
  readonly links: Links;
  /** Whether this node heard of the publisher of a name that it has within so long. */
  readonly hears: (asked: Asked, now: number) => boolean;
}

/** A question that others were asked. */
interface Question {
  readonly waitsFor: Set<Link>;
  readonly until: number;
  readonly answer: (alive: boolean) => void;
}

/**
 * Whether the node that has a name still hears of its publisher. Who has no link with it, as most edges,
 * asks those that told of the name; a core asks the owner for an edge, and for another core.
 */
export class Owners {
  readonly #options: OwnersOptions;
  /** By nonce, the oldest first. */
  readonly #open = new Map<number, Question>();
  #nonce = 0;

  constructor(options: OwnersOptions) {
    this.#options = options;
  }

  /** False also where nobody can be asked; without an answer `answer` is not called. */
  ask(asked: Asked, now: number, answer: (alive: boolean) => void): void {
    this.#pass(asked, null, now, answer);
  }

  question(link: Link, elements: Elements, now: number): void {
    const question = readOwnQuestion(elements);
    if (question !== null) this.#answer(link, question, now);
  }

  /** One that hears of it is enough; that it does not all of them have to say. */
  answered(link: Link, elements: Elements): void {
    const own = readOwn(elements);
    const question = own === null ? undefined : this.#open.get(own.nonce);
    if (own === null || !question?.waitsFor.delete(link)) return;
    if (!own.alive && question.waitsFor.size > 0) return;
    this.#open.delete(own.nonce);
    question.answer(own.alive);
  }

  #answer(link: Link, { nonce, ...asked }: OwnQuestion, now: number): void {
    const { names, hears } = this.#options;
    const answer = (alive: boolean): void => link.send(writeOwn({ nonce, alive }));
    if (names.own(asked.name) !== null) answer(hears(asked, now));
    else this.#pass(asked, link, now, answer);
  }

  #pass(asked: Asked, from: Link | null, now: number, answer: (alive: boolean) => void): void {
    const ways = this.#waysTo(asked.name, from);
    if (ways.length === 0) {
      answer(false);
      return;
    }
    this.#forget(now);
    this.#nonce = (this.#nonce + 1) >>> 0;
    const until = now + PATIENCE_US;
    this.#open.set(this.#nonce, { waitsFor: new Set(ways), until, answer });
    for (const link of ways) link.send(writeOwnQuestion({ nonce: this.#nonce, ...asked }));
  }

  /** The owner itself, and who told of it; for another core the owner alone: no question goes round. */
  #waysTo(name: string, from: Link | null): Link[] {
    const { names, links } = this.#options;
    const known = names.best(name);
    if (known === null) return [];
    const direct = links.to(known.owner);
    const ways = direct === null ? [] : [direct];
    if (from?.hello?.role !== "core") {
      for (const link of links.cores()) {
        if (link !== direct && names.isToldBy(link.session, known)) ways.push(link);
      }
    }
    return ways.filter((link) => link !== from).slice(0, WAYS_MAX);
  }

  #forget(now: number): void {
    for (const [nonce, { until }] of this.#open) {
      if (now < until && this.#open.size < OPEN_MAX) return;
      this.#open.delete(nonce);
    }
  }
}
