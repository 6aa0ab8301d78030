import type { Feed } from "../feed/feed.ts";
import type { SourceClock } from "../feed/source-clock.ts";
import type { Rewound } from "./segments.ts";
import type { Track } from "./track.ts";

/** How a segment's timestamps come out of the publisher's. */
export interface SegmentTime {
  readonly offset: number;
  readonly rewound: Rewound | null;
}

/** Whose media a track carries, and where on its own time line that lies. */
export class TrackTime {
  /** Of the present segment; null before the first. */
  source: SourceClock | null = null;
  /** Which of that ring's time lines it is on. */
  private line = 0;

  constructor(private readonly track: Track) {}

  /** A segment of this ring begins. */
  begin(feed: Feed): void {
    this.source = feed.source;
    this.line = feed.clock.line;
  }

  /** The segment began on the ring's newest line, of which the clock has heard only now. */
  catchUpWith(feed: Feed): void {
    this.line = feed.clock.line;
  }

  /** RTP time of `now` on this viewer's line; null while nothing is known of it. */
  timestampAt(now: number, byReport: boolean): number | null {
    const { feed, segments, format } = this.track;
    const segment = segments.current;
    if (feed === null || segment?.feed !== feed || this.line !== feed.clock.line) return null;
    const origin = feed.clock.timestampAt(now, format.clockRate, feed.source, byReport);
    return origin === null ? null : (origin + segment.timestampOffset) >>> 0;
  }

  /**
   * The timestamps of a segment that begins with this packet. `fromCache`: at a keyframe of a while
   * ago, which may lie before what the viewer has seen of another layer.
   */
  of(feed: Feed, timestamp: number, arrival: number, now: number, fromCache: boolean): SegmentTime {
    const { segments, format, output } = this.track;
    const { timeLine } = output;
    const { clockRate } = format;
    const before = segments.current;
    const sameSource = this.source === feed.source;
    const other = before?.feed === feed ? null : (before?.feed ?? null);
    let aligned: number | null = null;
    // The clock of the layer before may be on a line already that the viewer has seen nothing of.
    if (sameSource && other !== null && other.clock.line === this.line) {
      const ticks = other.clock.ticksTo(feed.clock, now, clockRate, feed.source);
      if (ticks !== null) aligned = before!.timestampOffset - ticks;
    }
    if (sameSource && other !== null && fromCache) {
      const rewound = timeLine.rewind(timestamp, arrival, clockRate, aligned);
      return { offset: timeLine.offset, rewound };
    }
    const offset =
      aligned === null
        ? timeLine.begin(timestamp, arrival, clockRate, sameSource)
        : timeLine.align(timestamp, aligned);
    return { offset, rewound: null };
  }
}
