/** What nodes tell and ask of each other beside streams: CORES, OWN?, OWN, DRAIN, CLOSE. */
import { NODE_TEXT_MAX, PUBLISHER_SILENCE_US, STREAM_NAME_LENGTH_MAX } from "../../limits.ts";
import type { Elements } from "./elements.ts";
import { Message } from "./kinds.ts";
import { type Alternate, readAlternate } from "./subscription.ts";

/** Core nodes of a cluster. */
export const CORES_MAX = 64;
const REASON_MAX = 128;
const NONCE_MAX = 0xffff_ffff;
const WITHIN_MAX_MS = 60_000;

/** A core that the teller of CORES has a link with. */
export interface ToldCore extends Alternate {
  readonly region: string;
  /** Between the two, us; null when the teller does not know. */
  readonly roundTripUs: number | null;
}

/** CORES: cores that the teller has live links with. A hint whom to dial, no more. */
export interface Cores {
  readonly cores: readonly ToldCore[];
  /** Others follow: a message has room for some of them. */
  readonly more: boolean;
}

export function writeCores({ cores, more }: Cores): unknown[] {
  return [
    Message.cores,
    cores.map(({ node, addresses, region, roundTripUs }) => [node, addresses, region, roundTripUs]),
    more,
  ];
}

export function readCores(elements: Elements): Cores | null {
  const cores = elements.list(CORES_MAX, (each) => each.nested(readToldCore));
  const more = elements.more ? elements.boolean() : false;
  return elements.ok ? { cores, more } : null;
}

function readToldCore(elements: Elements): ToldCore {
  return {
    ...readAlternate(elements),
    region: elements.more ? elements.text(NODE_TEXT_MAX) : "",
    roundTripUs: elements.more ? elements.optionalInt32() : null,
  };
}

/** OWN?: whether the publisher of a name was heard of within so long. */
export interface OwnQuestion {
  readonly nonce: number;
  readonly name: string;
  readonly withinMs: number;
}

export function writeOwnQuestion({ nonce, name, withinMs }: OwnQuestion): unknown[] {
  return [Message.ownQuestion, nonce, name, withinMs];
}

export function readOwnQuestion(elements: Elements): OwnQuestion | null {
  const question = {
    nonce: elements.uint(NONCE_MAX),
    name: elements.text(STREAM_NAME_LENGTH_MAX),
    withinMs: elements.more ? elements.uint(WITHIN_MAX_MS) : PUBLISHER_SILENCE_US / 1000,
  };
  return elements.ok ? question : null;
}

/** OWN: the answer. */
export interface Own {
  readonly nonce: number;
  readonly alive: boolean;
}

export function writeOwn({ nonce, alive }: Own): unknown[] {
  return [Message.own, nonce, alive];
}

export function readOwn(elements: Elements): Own | null {
  const own: Own = { nonce: elements.uint(NONCE_MAX), alive: elements.boolean() };
  return elements.ok ? own : null;
}

/** DRAIN: the teller leaves after so many ms, or is no core any more: children look for another parent now. */
export function writeDrain(ms: number): unknown[] {
  return [Message.drain, ms];
}

export function readDrain(elements: Elements): number | null {
  const ms = elements.uint(600_000);
  return elements.ok ? ms : null;
}

/** CLOSE: the link ends for this reason, in words. */
export function writeClose(reason: string): unknown[] {
  return [Message.close, reason];
}

export function readClose(elements: Elements): string | null {
  const reason = elements.text(REASON_MAX);
  return elements.ok ? reason : null;
}
