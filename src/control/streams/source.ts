import type { CloseReason } from "../../contract/session.ts";
import type { RingGrant, StreamSource } from "../../contract/source.ts";
import { PUBLISHER_SILENCE_US } from "../../limits.ts";
import type { LiveTrack, LiveTracks } from "../../sdp/answer.ts";
import type { CodecName, MediaKind } from "../../wire/codecs.ts";
import type { RingLease } from "../plane/lease.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { PublisherSession } from "./publisher-session.ts";

/** Who brings the media. */
export type Origin = SessionOrigin | LinkOrigin;

/** A publisher of ours. */
interface SessionOrigin extends Endable {
  readonly kind: "session";
  readonly session: PublisherSession;
}

/** A link from elsewhere: no session of ours, but what fills rings all the same. */
interface LinkOrigin extends Endable {
  readonly kind: "link";
  /** Of its far end. */
  readonly address: string;
}

interface Endable {
  /** Another has its place. It writes no more, and its lease is told so once its writer has stopped. */
  readonly end: (reason: CloseReason) => void;
}

/** What one ring holds, as its origin announced it; the ring itself tells what came. */
export interface SourceTrack {
  readonly kind: MediaKind;
  /** Null without simulcast. */
  readonly rid: string | null;
  readonly codec: CodecName;
  readonly fmtp: string;
  readonly channels: number;
  readonly ring: RingGrant;
}

interface SourceParts {
  readonly epoch: number;
  readonly sinceUs: number;
  readonly origin: Origin;
  readonly lease: RingLease;
  /** One a ring of the lease; of the video the highest layer first. */
  readonly tracks: readonly SourceTrack[];
}

/** Where the media of a stream comes from: a stream is live while it has one that sends. */
export class Source {
  readonly epoch: number;
  readonly sinceUs: number;
  readonly origin: Origin;
  readonly lease: RingLease;
  readonly tracks: readonly SourceTrack[];
  /** All that it sent has said BYE. */
  quiet = false;

  constructor({ epoch, sinceUs, origin, lease, tracks }: SourceParts) {
    this.epoch = epoch;
    this.sinceUs = sinceUs;
    this.origin = origin;
    this.lease = lease;
    this.tracks = tracks;
  }

  /** What readers are told of it. */
  get granted(): StreamSource {
    const rings = (kind: MediaKind) => this.of(kind).map(({ ring }) => ring);
    const [audio = null] = rings("audio");
    const pulled = this.origin.kind === "link";
    return { epoch: this.epoch, audio, video: rings("video"), ...(pulled && { pulled }) };
  }

  of(kind: MediaKind): readonly SourceTrack[] {
    return this.tracks.filter((track) => track.kind === kind);
  }

  /** Of each video ring its rid; null without simulcast. */
  get rids(): readonly (string | null)[] {
    return this.of("video").map(({ rid }) => rid);
  }

  /** What is sent now, or what was announced while nothing has arrived yet. */
  live(plane: MediaPlane): LiveTracks {
    const live = (kind: MediaKind): LiveTrack | null => {
      const track = this.of(kind)[0];
      if (track === undefined) return null;
      const { codec, fmtp } = plane.describeRing(track.ring);
      return codec === null ? { codec: track.codec, fmtp: track.fmtp } : { codec, fmtp };
    };
    return { audio: live("audio"), video: live("video") };
  }

  /** Nothing has come of it for a while. */
  isSilent(plane: MediaPlane, nowUs: number, afterUs = PUBLISHER_SILENCE_US): boolean {
    if (this.quiet) return true;
    const receipts = this.tracks.map(({ ring }) => plane.describeRing(ring).lastReceiptUs);
    return nowUs - Math.max(this.sinceUs, ...receipts) > afterUs;
  }

  /** Some of its tracks have said BYE, and no other sends. */
  hasLeft(plane: MediaPlane): boolean {
    let left = false;
    for (const { ring } of this.tracks) {
      const { packets, inactive } = plane.describeRing(ring);
      if (inactive) left = true;
      else if (packets > 0) return false;
    }
    return left;
  }
}

/** A connected publisher with its rings, as a source. */
export function sourceOfSession(
  session: PublisherSession,
  lease: RingLease,
  { epoch, sinceUs, end }: Pick<SourceParts, "epoch" | "sinceUs"> & Endable,
): Source {
  const tracks = session.media.flatMap(({ kind, formats, rids }, index) => {
    const { codec, fmtp, channels } = formats[0]!;
    return lease.rings[index]!.map(
      (ring, layer): SourceTrack => ({
        kind,
        rid: rids[layer] ?? null,
        codec,
        fmtp,
        channels,
        ring,
      }),
    );
  });
  return new Source({ epoch, sinceUs, origin: { kind: "session", session, end }, lease, tracks });
}
