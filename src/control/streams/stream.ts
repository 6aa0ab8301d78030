import type { RingLease } from "../plane/lease.ts";
import type { Audience } from "./audience.ts";
import type { PublisherSession } from "./publisher-session.ts";
import type { Source } from "./source.ts";
import type { Viewers } from "./viewers.ts";

/** A name that somebody publishes, wants to publish, or watches. */
export class Stream {
  /** The stream is live while there is one that has not fallen quiet. */
  source: Source | null = null;
  /** A publisher that has its answer but is not connected yet; holds the name for itself. */
  candidate: PublisherSession | null = null;
  /** A publisher that is connected and waits until there is no other. */
  standby: PublisherSession | null = null;
  /** All for whom it is read here. Who leaves tells Streams.letGo. */
  readonly audiences: Set<Audience>;
  /** What readers have: the source's rings, or for a while those of one that has gone. */
  lent: RingLease | null = null;
  idleSinceUs: number | null = null;

  constructor(
    readonly number: number,
    readonly name: string,
    readonly viewers: Viewers,
  ) {
    this.audiences = new Set([viewers]);
  }

  /** The session that publishes it; null also while its media comes from elsewhere. */
  get publisher(): PublisherSession | null {
    const origin = this.source?.origin;
    return origin?.kind === "session" ? origin.session : null;
  }

  get isLive(): boolean {
    return this.source !== null && !this.source.quiet;
  }

  get abandoned(): boolean {
    if ((this.source ?? this.candidate ?? this.standby) !== null) return false;
    return [...this.audiences].every(({ size }) => size === 0);
  }
}
