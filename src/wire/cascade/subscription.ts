/** What a child and its parent say of one stream: SUB, OK, REFUSE, NOTREADY, UPD, UNSUB, PATH. */
import { NODE_ADDRESSES_MAX } from "../../limits.ts";
import type { Elements } from "./elements.ts";
import { Message, NODE_ID_BYTES, PATH_NODES_MAX, STREAM_RINGS_MAX } from "./kinds.ts";
import { type NameKey, readKey } from "./name.ts";

export const ALIAS_MAX = 0xffff;
/** A bit a ring. */
export const WANTED_MAX = 2 ** STREAM_RINGS_MAX - 1;
const ALTERNATES_MAX = 4;
const ADDRESS_MAX = 64;
const RETRY_MS_MAX = 60_000;

/** `live`: what is wanted flows. `warm`: nothing flows, but a place is kept. */
const MODES = ["live", "warm"] as const;
export type Mode = (typeof MODES)[number];

/** SUB: a child asks for a stream. */
export interface Subscribe extends NameKey {
  /** The child's number for it on this link; DATA and all else of the stream name it. */
  readonly alias: number;
  /** Rings that are to flow, a bit each. */
  readonly wanted: number;
  readonly mode: Mode;
  /** Of each ring the origin sequence to go on at; null to begin at the newest keyframe. */
  readonly have: readonly (number | null)[];
  /** The nodes that the child has it by now, the root first; empty when it has nothing. */
  readonly path: readonly Uint8Array[];
  /** Another parent gives it already: places go first to those that have none. */
  readonly spare: boolean;
}

export function writeSubscribe(sub: Subscribe): unknown[] {
  return [
    Message.subscribe,
    sub.alias,
    sub.name,
    sub.epoch,
    sub.owner,
    sub.wanted,
    MODES.indexOf(sub.mode),
    sub.have,
    sub.path,
    sub.spare,
  ];
}

export function readSubscribe(elements: Elements): Subscribe | null {
  const alias = elements.uint(ALIAS_MAX);
  const sub: Subscribe = {
    alias,
    ...readKey(elements),
    wanted: elements.uint(WANTED_MAX),
    mode: MODES[elements.uint(MODES.length - 1)]!,
    have: elements.list(STREAM_RINGS_MAX, (each) => each.optionalInt32()),
    path: readPath(elements),
    spare: elements.more && elements.boolean(),
  };
  return elements.ok ? sub : null;
}

/** OK: the parent has it and gives it. */
export interface Accept {
  readonly alias: number;
  /** The nodes that it came by, the root first, the parent last. */
  readonly path: readonly Uint8Array[];
  /** Of each ring one past the highest origin sequence that the parent has; null before the first. */
  readonly heads: readonly (number | null)[];
}

export function writeAccept({ alias, path, heads }: Accept): unknown[] {
  return [Message.accept, alias, path, heads];
}

export function readAccept(elements: Elements): Accept | null {
  const accept: Accept = {
    alias: elements.uint(ALIAS_MAX),
    path: readPath(elements),
    heads: elements.list(STREAM_RINGS_MAX, (each) => each.optionalInt32()),
  };
  return elements.ok && accept.path.length > 0 ? accept : null;
}

const REFUSALS = ["unknown", "full", "loop", "depth", "stale", "draining", "limit"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Another node that may have it. */
export interface Alternate {
  readonly node: Uint8Array;
  readonly addresses: readonly string[];
}

/** REFUSE: not from here. */
export interface Refuse {
  readonly alias: number;
  readonly reason: Refusal;
  readonly alternates: readonly Alternate[];
  /** Not to be asked again before. */
  readonly retryMs: number;
}

export function writeRefuse({ alias, reason, alternates, retryMs }: Refuse): unknown[] {
  const others = alternates.map(({ node, addresses }) => [node, addresses]);
  return [Message.refuse, alias, REFUSALS.indexOf(reason), others, retryMs];
}

export function readRefuse(elements: Elements): Refuse | null {
  const refuse: Refuse = {
    alias: elements.uint(ALIAS_MAX),
    reason: REFUSALS[elements.uint(255)] ?? "unknown",
    alternates: elements.list(ALTERNATES_MAX, (each) => each.nested(readAlternate)),
    retryMs: elements.uint(RETRY_MS_MAX),
  };
  return elements.ok ? refuse : null;
}

/** NOTREADY: the parent pulls it itself first, and says OK or REFUSE later. UNSUB: no more of it. */
export function writeNotReady(alias: number): unknown[] {
  return [Message.notReady, alias];
}

export function writeUnsubscribe(alias: number): unknown[] {
  return [Message.unsubscribe, alias];
}

/** Of a message that says no more than which stream it is about. */
export function readAlias(elements: Elements): number | null {
  const alias = elements.uint(ALIAS_MAX);
  return elements.ok ? alias : null;
}

/** UPD: other rings, or another mode. */
export interface Update {
  readonly alias: number;
  readonly wanted: number;
  readonly mode: Mode;
  /** As in SUB, of rings that are wanted anew. */
  readonly have: readonly (number | null)[];
  /** As in SUB. */
  readonly spare: boolean;
}

export function writeUpdate({ alias, wanted, mode, have, spare }: Update): unknown[] {
  return [Message.update, alias, wanted, MODES.indexOf(mode), have, spare];
}

export function readUpdate(elements: Elements): Update | null {
  const update: Update = {
    alias: elements.uint(ALIAS_MAX),
    wanted: elements.uint(WANTED_MAX),
    mode: MODES[elements.uint(MODES.length - 1)]!,
    have: elements.list(STREAM_RINGS_MAX, (each) => each.optionalInt32()),
    spare: elements.more && elements.boolean(),
  };
  return elements.ok ? update : null;
}

/** PATH: the parent has it by other nodes from now on. */
export interface Path {
  readonly alias: number;
  readonly path: readonly Uint8Array[];
}

export function writePath({ alias, path }: Path): unknown[] {
  return [Message.path, alias, path];
}

export function readPathMessage(elements: Elements): Path | null {
  const message: Path = { alias: elements.uint(ALIAS_MAX), path: readPath(elements) };
  return elements.ok && message.path.length > 0 ? message : null;
}

function readPath(elements: Elements): Uint8Array[] {
  return elements.list(PATH_NODES_MAX, (each) => each.bytes(NODE_ID_BYTES));
}

export function readAlternate(elements: Elements): Alternate {
  return {
    node: elements.bytes(NODE_ID_BYTES),
    addresses: elements.list(NODE_ADDRESSES_MAX, (each) => each.text(ADDRESS_MAX)),
  };
}
