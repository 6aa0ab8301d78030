import type { RingLease } from "../plane/lease.ts";
import type { RandomBytes } from "../ports.ts";
import { createBase, type Identity, type NewSession, type SessionBase } from "./session-base.ts";

/** One WHIP client: it brings media. */
export interface PublisherSession extends SessionBase {
  readonly kind: "publisher";
  /** Its rings, in the order of `media`; null before it is connected. */
  lease: RingLease | null;
}

export function createPublisher(
  identity: Identity,
  fresh: NewSession,
  random: RandomBytes,
): PublisherSession {
  return { kind: "publisher", ...createBase("p", identity, fresh, random), lease: null };
}
