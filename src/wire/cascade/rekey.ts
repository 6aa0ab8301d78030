/** REKEY: one association takes over a link from another, under keys of its own. */
import type { Elements } from "./elements.ts";
import { Message } from "./kinds.ts";

/** What both ends call an association. */
export const ASSOCIATION_BYTES = 16;
/** In its place: another one is wanted, for the caller to make. */
export const NO_ASSOCIATION = new Uint8Array(0);

/** REKEY: this association is to carry the link. */
export function writeRekey(association: Uint8Array): unknown[] {
  return [Message.rekey, association];
}

export function readRekey(elements: Elements): Uint8Array | null {
  const association = elements.bytes(0, ASSOCIATION_BYTES);
  const { length } = association;
  return elements.ok && (length === 0 || length === ASSOCIATION_BYTES) ? association : null;
}
