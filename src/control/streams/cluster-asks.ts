import type { AnswerPart, ClusterEvent } from "../../contract/cluster.ts";
import type { RelayPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import { within } from "../within.ts";
import type { Speaker } from "./remark.ts";

/** What nodes ask each other; the answers are as /api/v1 has them. */
export type ClusterQuestion =
  | { readonly about: "status" | "streams" }
  /** All of them, or one with all that is known of it. */
  | { readonly about: "sessions"; readonly id?: string }
  /** Ends a session, or all of a stream. */
  | { readonly about: "kick"; readonly id: string }
  | { readonly about: "kick"; readonly stream: string }
  /** Says something of a stream that the asked one publishes, or takes it back. */
  | { readonly about: "say"; readonly stream: string; readonly draft: object; readonly by: Speaker }
  | {
      readonly about: "retract";
      readonly stream: string;
      readonly id: number;
      readonly by: Speaker;
    };

/** What came of a question at one node. */
export interface Reply {
  readonly node: string;
  /** It answered in time; null is an answer too. */
  readonly answered: boolean;
  readonly value: unknown;
}

/** For answers is waited no longer: a worker that does not answer delays its node's by so much. */
const ANSWER_MS = 1_000;
/** A look at lists is as good as another one a moment before: pages and programs ask each second. */
const SAME_US = 500_000;
/** All answers to one question, 32 MiB: what comes beyond that is not read. */
const BYTES_MAX = 2 ** 25;

/** A node that is asked, as far as it has answered. */
interface Answering {
  readonly parts: Uint8Array[];
  /** It has answered, or with what is no answer. */
  done: boolean;
  value: unknown;
  answered: boolean;
}

interface Waiting {
  readonly nodes: Map<string, Answering>;
  /** It is known to whom the question has gone. */
  sent: boolean;
  bytes: number;
  readonly done: PromiseWithResolvers<void>;
}

interface ClusterAsksOptions {
  readonly relay: RelayPlane;
  /** Of this node: no answer comes from it. */
  readonly self: string;
  /** Questions are counted from here: those of an earlier process are others. */
  readonly first: number;
  readonly clock: Clock;
}

/** Questions to the other nodes, and theirs to this one. */
export class ClusterAsks {
  /** What this node answers; a question that it does not know is answered by null. */
  answerer: (question: unknown, asker: string) => Promise<unknown> = async () => null;
  readonly #options: ClusterAsksOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #shared = new Map<string, { readonly at: number; readonly replies: Promise<Reply[]> }>();
  #request: number;

  constructor(options: ClusterAsksOptions) {
    this.#options = options;
    this.#request = options.first;
  }

  /** Asks all other nodes, or one. Nodes that do not answer in time are among the replies. */
  async ask(question: ClusterQuestion, to: string | null = null): Promise<Reply[]> {
    // Whoever looks next is to see what came of it.
    if (question.about === "kick") this.#shared.clear();
    this.#request = (this.#request + 1) >>> 0;
    const request = this.#request;
    const done = Promise.withResolvers<void>();
    const waiting: Waiting = { nodes: new Map(), sent: false, bytes: 0, done };
    if (to !== null) waiting.nodes.set(to, unanswered());
    this.#waiting.set(request, waiting);
    const text = new TextEncoder().encode(JSON.stringify(question));
    const { relay } = this.#options;
    if (relay.send({ type: "ask", request, to, question: text })) {
      await within(ANSWER_MS, done.promise);
    }
    this.#waiting.delete(request);
    return [...waiting.nodes].map(([node, { answered, value }]) => ({ node, answered, value }));
  }

  /** As `ask` of all, together with whoever asks the same now or asked it a moment ago. */
  look(about: "status" | "streams" | "sessions"): Promise<Reply[]> {
    const now = this.#options.clock.now();
    const shared = this.#shared.get(about);
    if (shared !== undefined && now - shared.at < SAME_US) return shared.replies;
    const replies = this.ask({ about });
    this.#shared.set(about, { at: now, replies });
    return replies;
  }

  handle(event: Extract<ClusterEvent, { type: "asked" | "answer-part" | "question" }>): void {
    if (event.type === "asked") this.#asked(event.request, event.nodes);
    else if (event.type === "answer-part") this.#part(event.request, event);
    else void this.#answer(event);
  }

  #asked(request: number, nodes: readonly string[]): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return;
    waiting.sent = true;
    this.#expect(waiting, nodes);
    settle(waiting);
  }

  #part(request: number, { node, number, more, asked, part }: AnswerPart): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined || waiting.bytes > BYTES_MAX) return;
    this.#expect(waiting, [node, ...asked]);
    waiting.bytes += part.length;
    const answering = waiting.nodes.get(node);
    if (answering === undefined || answering.done) return;
    // One was lost on the way: what it would have said is not known.
    if (number !== answering.parts.length) answering.done = true;
    else if (answering.parts.push(part) > 0 && !more) finish(answering);
    settle(waiting);
  }

  #expect({ nodes }: Waiting, others: readonly string[]): void {
    for (const node of others) {
      if (node !== this.#options.self && !nodes.has(node)) nodes.set(node, unanswered());
    }
  }

  async #answer({
    asker,
    request,
    question,
  }: Extract<ClusterEvent, { type: "question" }>): Promise<void> {
    const value = await this.answerer(parse(question), asker).catch(() => null);
    const answer = new TextEncoder().encode(JSON.stringify(value));
    this.#options.relay.send({ type: "answer", asker, request, answer });
  }
}

function unanswered(): Answering {
  return { parts: [], done: false, answered: false, value: null };
}

function finish(answering: Answering): void {
  answering.value = parse(Buffer.concat(answering.parts));
  answering.answered = true;
  answering.done = true;
}

function settle({ sent, nodes, done }: Waiting): void {
  if (sent && [...nodes.values()].every((each) => each.done)) done.resolve();
}

/** Null for what is no JSON. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
