import { TokenBucket } from "../media/token-bucket.ts";
import {
  ANSWER_PART_MAX,
  ANSWER_PARTS_MAX,
  type Answer,
  type Ask,
  readAnswer,
  readAsk,
  writeAnswer,
  writeAsk,
} from "../wire/cascade/ask.ts";
import type { Elements } from "../wire/cascade/elements.ts";
import type { NodeRole } from "../wire/cascade/hello.ts";
import type { Link } from "./link.ts";
import type { Links } from "./links.ts";
import { type NodeId, nodeBytes, nodeIdOf } from "./node-id.ts";

/** Nobody waits for an answer any longer. */
const REMEMBERED_US = 5_000_000;
const REMEMBERED_MAX = 1024;
/** Questions of others that are taken: all nodes of a full core with some dashboards each. */
const QUESTIONS_PER_SECOND = 256;
/** Answers wait here and not in a link's channel: what a tree needs must not come behind them. */
const BACKLOG_MAX = 8;
const LOOK_US = 5_000;
/** Parts that wait for one link, 7 MB; those beyond are lost, and with them their answers. */
const WAITING_MAX = 2048;

export interface AsksOptions {
  readonly self: NodeId;
  readonly role: () => NodeRole;
  readonly links: Links;
  /** A question to be answered by `answer`. */
  readonly asked: (asker: NodeId, nonce: number, question: Uint8Array) => void;
  /** A part of an answer to a question of this node. */
  readonly answered: (answer: Answer) => void;
}

/** A question of another node. */
interface Heard {
  readonly from: Link;
  readonly at: number;
  /** To whom it was passed on. */
  readonly asked: readonly Uint8Array[];
}

/**
 * Questions to all nodes, and the answers' ways back. A core passes on what an edge asks to all others,
 * and what a core asks to its edges: so each node hears it, once, over three links at most.
 */
export class Asks {
  readonly #options: AsksOptions;
  /** By asker and nonce, the oldest first. */
  readonly #heard = new Map<string, Heard>();
  readonly #waiting = new Map<Link, unknown[][]>();
  #lookAt = 0;
  readonly #admissions = new TokenBucket(QUESTIONS_PER_SECOND, QUESTIONS_PER_SECOND);

  constructor(options: AsksOptions) {
    this.#options = options;
  }

  /** Asks all others, or just `to`; those that hear it from here. */
  ask(nonce: number, to: NodeId | null, question: Uint8Array): readonly NodeId[] {
    const asker = nodeBytes(this.#options.self);
    const one = to === null ? new Uint8Array(0) : nodeBytes(to);
    const links = this.#listeners(null, to);
    for (const link of links) link.send(writeAsk({ asker, nonce, to: one, question }));
    return links.map(({ node }) => node);
  }

  /** What this node answers to a question. */
  answer(asker: NodeId, nonce: number, bytes: Uint8Array): void {
    const heard = this.#heard.get(keyOf(asker, nonce));
    if (heard === undefined) return;
    const whole = bytes.subarray(0, ANSWER_PART_MAX * ANSWER_PARTS_MAX);
    const last = Math.max(0, Math.ceil(whole.length / ANSWER_PART_MAX) - 1);
    for (let number = 0; number <= last; number += 1) {
      const at = number * ANSWER_PART_MAX;
      this.#queue(heard.from, {
        ...{ asker: nodeBytes(asker), nonce, node: nodeBytes(this.#options.self), number },
        more: number < last,
        asked: number === 0 ? heard.asked : [],
        part: whole.subarray(at, at + ANSWER_PART_MAX),
      });
    }
  }

  /** ASK came. */
  heard(link: Link, elements: Elements, now: number): void {
    const ask = readAsk(elements);
    if (ask === null) return;
    const { self, asked } = this.#options;
    const asker = nodeIdOf(ask.asker);
    const key = keyOf(asker, ask.nonce);
    // As with names: an edge speaks for itself.
    if (link.hello?.role !== "core" && asker !== link.node) return;
    // It may have come by another way already.
    if (asker === self || this.#heard.has(key) || !this.#admissions.take(now, 1)) return;
    const to = ask.to.length === 0 ? null : nodeIdOf(ask.to);
    const passed = to === self ? [] : this.#passOn(link, asker, to, ask);
    this.#remember(key, { from: link, at: now, asked: passed });
    if (to === null || to === self) asked(asker, ask.nonce, ask.question);
  }

  /** ANSWER came. */
  answered(link: Link, elements: Elements): void {
    const answer = readAnswer(elements);
    const isCore = link.hello?.role === "core";
    if (answer === null || !(isCore || nodeIdOf(answer.node) === link.node)) return;
    const asker = nodeIdOf(answer.asker);
    const heard = this.#heard.get(keyOf(asker, answer.nonce));
    if (asker === this.#options.self) this.#options.answered(answer);
    else if (heard !== undefined) this.#queue(heard.from, answer);
  }

  /** Sends what waits, as far as that delays nothing else. */
  handleTimeout(now: number): void {
    this.#lookAt = now + LOOK_US;
    for (const [key, { at }] of this.#heard) {
      if (now - at < REMEMBERED_US) break;
      this.#heard.delete(key);
    }
    for (const [link, parts] of this.#waiting) {
      while (parts.length > 0 && !link.closed && link.backlog < BACKLOG_MAX) {
        link.send(parts.shift()!);
      }
      if (parts.length === 0 || link.closed) this.#waiting.delete(link);
    }
  }

  nextTimeout(): number {
    return this.#waiting.size === 0 ? Number.POSITIVE_INFINITY : this.#lookAt;
  }

  #passOn(from: Link, asker: NodeId, to: NodeId | null, ask: Ask): Uint8Array[] {
    const links = this.#listeners(from, to).filter(({ node }) => node !== asker);
    for (const link of links) link.send(writeAsk(ask));
    return links.map(({ node }) => nodeBytes(node));
  }

  /** Null: it is this node's own. */
  #listeners(from: Link | null, to: NodeId | null): Link[] {
    const { links, role } = this.#options;
    const direct = to === null ? null : links.to(to);
    if (direct !== null) return direct === from ? [] : [direct];
    if (from !== null && role() !== "core") return [];
    const others = [...links.open()].filter((link) => link !== from);
    // Cores have heard it from the core that it came from.
    if (from?.hello?.role === "core") return others.filter(({ hello }) => hello?.role === "edge");
    return others;
  }

  #queue(link: Link, answer: Answer): void {
    const parts = this.#waiting.get(link) ?? [];
    if (parts.length < WAITING_MAX) parts.push(writeAnswer(answer));
    this.#waiting.set(link, parts);
  }

  #remember(key: string, heard: Heard): void {
    this.#heard.set(key, heard);
    if (this.#heard.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#heard.keys()) {
      this.#heard.delete(oldest);
      return;
    }
  }
}

function keyOf(asker: NodeId, nonce: number): string {
  return `${asker} ${nonce}`;
}
