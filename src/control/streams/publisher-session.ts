import type { RingLease } from "../plane/lease.ts";
import type { RandomBytes } from "../ports.ts";
import { createBase, type Identity, type NewSession, type SessionBase } from "./session-base.ts";

/** One WHIP client: it brings media. */
export interface PublisherSession extends SessionBase {
  readonly kind: "publisher";
  /** Its rings, in the order of `media`; null before it is connected. */
  lease: RingLease | null;
  /** Where there is another publisher it waits until that falls silent. */
  readonly standsBy: boolean;
}

export function createPublisher(
  identity: Identity,
  fresh: NewSession,
  standsBy: boolean,
  random: RandomBytes,
): PublisherSession {
  return { kind: "publisher", ...createBase("p", identity, fresh, random), lease: null, standsBy };
}
