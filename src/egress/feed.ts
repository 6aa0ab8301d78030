import type { RingGrant } from "../commands.ts";
import { RingReader } from "../ring/reader.ts";
import { type SourceClock, TrackClock } from "./source-clock.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** One ring as this worker reads it, and the viewers' tracks that it feeds. */
export class Feed {
  readonly reader: RingReader;
  readonly index: number;
  readonly clock = new TrackClock();
  readonly tracks: ViewerTrack[] = [];
  /** Next track to serve in the present pass over `tracks`, which may pause between chunks. */
  cursor = 0;
  /** The publisher sends abs-capture-time itself: it is forwarded, and we add none. */
  bringsCaptureTime = false;

  constructor(
    readonly grant: RingGrant,
    reader: number,
    readonly source: SourceClock,
  ) {
    this.index = grant.index;
    this.reader = new RingReader(grant.buffer, reader);
    this.reader.want(true);
  }

  attach(track: ViewerTrack): void {
    this.tracks.push(track);
  }

  detach(track: ViewerTrack): void {
    const at = this.tracks.indexOf(track);
    if (at < 0) return;
    this.tracks.splice(at, 1);
    if (at < this.cursor) this.cursor -= 1;
  }

  /** The worker no longer reads this ring. */
  release(): void {
    this.reader.want(false);
  }
}
