import type { MediaSection } from "../../contract/session.ts";
import type { LiveTrack, LiveTracks } from "../../sdp/answer.ts";
import type { RingLease } from "../plane/lease.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Session } from "./session.ts";

/** A name that somebody publishes, wants to publish, or watches. */
export class Stream {
  /** The connected publisher: the stream is live while there is one that has not fallen quiet. */
  publisher: Session | null = null;
  /** The publisher that fell quiet: all that it sent has said BYE. */
  quiet: Session | null = null;
  /** A publisher that has its answer but is not connected yet; holds the name for itself. */
  candidate: Session | null = null;
  readonly viewers = new Set<Session>();
  /** What viewers read: the publisher's rings, or for a while those of one that has gone. */
  lease: RingLease | null = null;
  epoch = 0;
  liveSinceUs: number | null = null;
  idleSinceUs: number | null = null;

  constructor(
    readonly number: number,
    readonly name: string,
  ) {}

  get isQuiet(): boolean {
    return this.publisher !== null && this.quiet === this.publisher;
  }

  get isLive(): boolean {
    return this.publisher !== null && !this.isQuiet;
  }

  get abandoned(): boolean {
    return this.publisher === null && this.candidate === null && this.viewers.size === 0;
  }
}

/** What the publisher sends now, or what it negotiated while nothing has arrived yet. */
export function liveTracks(stream: Stream, plane: MediaPlane): LiveTracks | null {
  const publisher = stream.publisher;
  if (publisher === null || publisher.lease === null) return null;
  const tracks: { audio: LiveTrack | null; video: LiveTrack | null } = { audio: null, video: null };
  for (const [index, section] of publisher.media.entries()) {
    const ring = publisher.lease.rings[index]?.[0];
    const description = ring === undefined ? null : plane.describeRing(ring);
    tracks[section.kind] =
      description === null || description.codec === null
        ? negotiated(section)
        : { codec: description.codec, fmtp: description.fmtp };
  }
  return tracks;
}

function negotiated(section: MediaSection): LiveTrack {
  const format = section.formats[0]!;
  return { codec: format.codec, fmtp: format.fmtp };
}
