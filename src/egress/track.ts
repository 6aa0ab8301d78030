import type { MediaSection } from "../contract/session.ts";
import type { Feed, Subscriber } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import type { LayerStretch } from "./layer-stretch.ts";
import type { Waiting } from "./queues.ts";
import type { Segments } from "./segments.ts";
import type { TrackFormat } from "./track-format.ts";
import type { TrackOutput } from "./track-output.ts";
import type { ViewerLink } from "./viewer-link.ts";

/**
 * idle: no ring. waiting: for a place to begin. catchUp: from the cached keyframe, or from where the
 * pacer held it back, to the live edge. live: forwards what arrives.
 */
export type TrackState = "idle" | "waiting" | "catchUp" | "live";

/** A viewer's track (viewer-track.ts) as its parts know it. */
export interface Track extends Subscriber, Waiting {
  readonly owner: TrackOwner;
  readonly link: ViewerLink;
  readonly video: boolean;
  readonly state: TrackState;
  readonly feed: Feed | null;
  readonly section: MediaSection;
  /** The next origin sequence to send, as far as the books know. */
  next: number;
  /** In catchUp: held back by the pacer or the transport, not on its way from the cached keyframe. */
  readonly paced: boolean;
  readonly segments: Segments<Feed, LayerStretch>;
  readonly format: TrackFormat;
  readonly output: TrackOutput;
  /** Reads another ring from now on (or none). Media starts where a decoder can. */
  follow(feed: Feed | null, now: number): void;
  /** Begins at the cached keyframe at `sequence` of the track's ring. */
  startAt(sequence: number, now: number): void;
  /** Goes to a layer whose cached keyframe has to do, since what flows has stopped; else stays. */
  leaveFor(feed: Feed, now: number): void;
}

/** Whose track it is (viewer.ts), as the track knows it. */
export interface TrackOwner {
  readonly link: ViewerLink;
  /** The rings of the stream's present source; null while it has none. */
  readonly source: Following | null;
  /**
   * The best ring for this viewer among those that `shows` says can be shown now; null for none.
   * `patient`: rather none than one beyond its limits.
   */
  bestOf(shows: (feed: Feed) => boolean, patient: boolean, now: number): Feed | null;
  /** A track began a new time line: its report is due at once. */
  hurryReport(now: number): void;
}
