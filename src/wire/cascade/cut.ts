/**
 * How the root of a stream cuts its tail, on its way down the tree: CUT?, CUT. What a CUT says is for
 * those that cut (`cut-body.ts`); who passes it on does not read it.
 */
import type { Elements } from "./elements.ts";
import { Message } from "./kinds.ts";
import { ALIAS_MAX } from "./subscription.ts";

/** What all files of a tail are named with: bytes. */
const EDITION_BYTES = 16;
/** In 16 pieces of a message, with room for what else a CUT has. */
const CUT_BODY_MAX = 15_000;

/** What one tail was cut like at a time. */
export interface Cut {
  /** 32 hex digits. */
  readonly edition: string;
  /** Counts the CUTs of an edition; some may be left out. */
  readonly number: number;
  readonly body: Uint8Array;
}

/** CUT: as its parent was told, or decided. */
export interface ToldCut extends Cut {
  readonly alias: number;
}

export function writeCut({ alias, edition, number, body }: ToldCut): unknown[] {
  return [Message.cut, alias, Uint8Array.fromHex(edition), number, body];
}

export function readCut(elements: Elements): ToldCut | null {
  const cut: ToldCut = {
    alias: elements.uint(ALIAS_MAX),
    edition: elements.bytes(EDITION_BYTES).toHex(),
    number: elements.uint(),
    body: elements.bytes(1, CUT_BODY_MAX),
  };
  return elements.ok ? cut : null;
}

/** CUT?: a child wants to hear how a stream is cut, or does not any more. */
export interface CutWish {
  readonly alias: number;
  readonly wanted: boolean;
  /** The newest that it has heard of; null for none. */
  readonly last: Pick<Cut, "edition" | "number"> | null;
}

export function writeCutWish({ alias, wanted, last }: CutWish): unknown[] {
  const edition = last === null ? new Uint8Array(0) : Uint8Array.fromHex(last.edition);
  return [Message.cutWish, alias, wanted, edition, last?.number ?? 0];
}

export function readCutWish(elements: Elements): CutWish | null {
  const alias = elements.uint(ALIAS_MAX);
  const wanted = elements.boolean();
  const edition = elements.bytes(0, EDITION_BYTES);
  const number = elements.uint();
  if (!elements.ok || (edition.length !== 0 && edition.length !== EDITION_BYTES)) return null;
  return {
    alias,
    wanted,
    last: edition.length === 0 ? null : { edition: edition.toHex(), number },
  };
}
