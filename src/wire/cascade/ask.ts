/** Questions that one node puts to all of the cluster: ASK and ANSWER. What they say is for control. */
import type { Elements } from "./elements.ts";
import { Message, NODE_ID_BYTES } from "./kinds.ts";

/** One may hold what somebody says of a stream: 2 KiB, and who says it of what. */
const QUESTION_BYTES_MAX = 3500;
/** Bytes of an answer in one message. */
export const ANSWER_PART_MAX = 3500;
/** Parts of one answer: 448 kB. */
export const ANSWER_PARTS_MAX = 128;
/** Nodes that one says it has put a question to; more of them it does not name. */
const ASKED_MAX = 240;

/** ASK: to be answered by the node itself, and passed on to those that may not have heard it. */
export interface Ask {
  /** Who wants to know, and how it calls the question. */
  readonly asker: Uint8Array;
  readonly nonce: number;
  /** The only node that is to answer; empty for all. */
  readonly to: Uint8Array;
  readonly question: Uint8Array;
}

export function writeAsk({ asker, nonce, to, question }: Ask): unknown[] {
  return [Message.ask, asker, nonce, to, question];
}

export function readAsk(elements: Elements): Ask | null {
  const ask: Ask = {
    asker: elements.bytes(NODE_ID_BYTES),
    nonce: elements.uint(),
    to: elements.bytes(0, NODE_ID_BYTES),
    question: elements.bytes(1, QUESTION_BYTES_MAX),
  };
  const { length } = ask.to;
  return elements.ok && (length === 0 || length === NODE_ID_BYTES) ? ask : null;
}

/** ANSWER: a part of what a node answers; it goes back by the way that the question came. */
export interface Answer {
  readonly asker: Uint8Array;
  readonly nonce: number;
  /** Who answers. */
  readonly node: Uint8Array;
  /** Counts its parts from 0. */
  readonly number: number;
  readonly more: boolean;
  /** Nodes that it has put the question to in turn, in its first part. */
  readonly asked: readonly Uint8Array[];
  readonly part: Uint8Array;
}

export function writeAnswer({ asker, nonce, node, number, more, asked, part }: Answer): unknown[] {
  const named = asked.slice(0, ASKED_MAX);
  const ids = new Uint8Array(named.length * NODE_ID_BYTES);
  for (const [i, id] of named.entries()) ids.set(id, i * NODE_ID_BYTES);
  return [Message.answer, asker, nonce, node, number, more, ids, part];
}

export function readAnswer(elements: Elements): Answer | null {
  const answer = {
    asker: elements.bytes(NODE_ID_BYTES),
    nonce: elements.uint(),
    node: elements.bytes(NODE_ID_BYTES),
    number: elements.uint(ANSWER_PARTS_MAX - 1),
    more: elements.boolean(),
    asked: idsIn(elements.bytes(0, ASKED_MAX * NODE_ID_BYTES)),
    part: elements.bytes(0, ANSWER_PART_MAX),
  };
  const { asked } = answer;
  return elements.ok && asked !== null ? { ...answer, asked } : null;
}

/** Ids one behind the other; null when one is cut off. */
function idsIn(bytes: Uint8Array): Uint8Array[] | null {
  if (bytes.length % NODE_ID_BYTES !== 0) return null;
  const ids: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += NODE_ID_BYTES) {
    ids.push(bytes.subarray(at, at + NODE_ID_BYTES));
  }
  return ids;
}
