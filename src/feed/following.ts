import type { RingGrant, StreamSource } from "../contract/source.ts";
import { Feed } from "./feed.ts";
import { LayerTable } from "./layer-table.ts";
import { SourceClock } from "./source-clock.ts";

/** A stream's present source as this worker reads it. */
export class Following {
  readonly epoch: number;
  readonly audio: Feed | null;
  /** One a ring of the video, in the order of the source. */
  readonly video: readonly Feed[];
  readonly table: LayerTable;
  readonly clock = new SourceClock();

  constructor(source: StreamSource, reader: number, wish: (ring: RingGrant) => void) {
    const feedOf = (grant: RingGrant, audio: boolean): Feed =>
      new Feed(grant, reader, this.clock, wish, audio);
    this.epoch = source.epoch;
    this.audio = source.audio === null ? null : feedOf(source.audio, true);
    this.video = source.video.map((grant) => feedOf(grant, false));
    for (const feed of this.video) feed.rider = this.audio;
    this.table = new LayerTable(this.video.map((feed) => feed.reader));
  }

  get feeds(): readonly Feed[] {
    return this.audio === null ? this.video : [this.audio, ...this.video];
  }
}
