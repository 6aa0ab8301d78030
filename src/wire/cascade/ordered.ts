/** The frames that carry messages in their order, and tell how far they have come. */
import type { Elements } from "./elements.ts";
import { Frame } from "./kinds.ts";

/** Bytes of a message in one frame; longer ones come in pieces. */
export const PIECE_BYTES_MAX = 1000;

export interface Ordered {
  /** Counts the pieces of this direction of the link from 0, modulo 2^32. */
  readonly number: number;
  /** The message goes on in the next piece. */
  readonly more: boolean;
  readonly piece: Uint8Array;
}

export function writeOrdered({ number, more, piece }: Ordered): unknown[] {
  return [Frame.ordered, number, more, piece];
}

export function readOrdered(elements: Elements): Ordered | null {
  const ordered: Ordered = {
    number: elements.uint(),
    more: elements.boolean(),
    piece: elements.bytes(1, PIECE_BYTES_MAX),
  };
  return elements.ok ? ordered : null;
}

/** ACK: `next` is the first piece that has not come. */
export function writeAcknowledge(next: number): unknown[] {
  return [Frame.acknowledge, next];
}

export function readAcknowledge(elements: Elements): number | null {
  const next = elements.uint();
  return elements.ok ? next : null;
}
