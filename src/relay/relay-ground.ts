import type { Child } from "../cascade/child.ts";
import type { WearLimits } from "../cascade/handover.ts";
import type { Link, OwnLoad } from "../cascade/link.ts";
import type { KnownName } from "../cascade/names.ts";
import type { Answer } from "../wire/cascade/ask.ts";
import type { Cut } from "../wire/cascade/cut.ts";
import type { NumberedRemark } from "../wire/cascade/remark.ts";
import type { WritingGround } from "./intakes.ts";
import type { ReadingGround } from "./offers.ts";

/** What the relay stands on. */
export interface RelayGround extends ReadingGround, WritingGround {
  /** 0 <= x < 1. */
  readonly random: () => number;
  readonly load: () => OwnLoad;
  /** What a link may carry to a child, bits a second. */
  readonly linkRate?: number | null;
  /** How worn an association may be; WEAR_LIMITS. */
  readonly wearLimits?: WearLimits;
}

/** What the relay tells control. */
export interface RelayEvents {
  /** Opens a session with whoever is at this address: `linked` or `unreachable` follows. */
  dial(address: string): void;
  heard(name: string, known: KnownName | null): void;
  outranked(name: string): void;
  /** A child asks for a stream that this node only knows of. */
  wanted(name: string): void;
  /** So many nodes have the stream from here. */
  children(stream: number, count: number): void;
  /** What `askOwner` came to. */
  owner(request: number, alive: boolean): void;
  /** A question of another node, to be answered by `asks.answer`. */
  asked(asker: string, nonce: number, question: Uint8Array): void;
  /** A part of an answer to a question that was put by `asks.ask`. */
  answered(answer: Answer): void;
  /** A name that was looked up was heard of, or nobody knows it. */
  lookedUp(name: string): void;
  linkOpened(link: Link): void;
  linkClosed(link: Link, reason: string): void;
  turned(cores: number): void;
  /** What was said of a stream that is had from others. */
  remarks(stream: number, remarks: readonly NumberedRemark[]): void;
  /** A child wants what is kept of its stream and came after this one, by `remarks.give`. */
  remarksWished(child: Child, since: number): void;
  /** The root of a stream that this node cuts has told how. */
  cut(stream: number, cut: Cut): void;
  /** Nodes that have a stream from here cut it, or none does any more. */
  cutsWished(stream: number, wished: boolean): void;
}
