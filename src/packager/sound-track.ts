import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { Codec } from "../wire/codecs.ts";
import type { Frame, Packet } from "./frames/frame.ts";
import { OpusFrames } from "./frames/opus.ts";
import { OrderedReader } from "./ordered-reader.ts";
import { Timeline } from "./timeline.ts";

/** A ring of sound on its way to frames; each rendition gives them times. */
export class SoundTrack {
  readonly #reader: OrderedReader;
  readonly #frames = new OpusFrames();

  /** `zeroUs`: wall clock of the tail's zero. */
  constructor(
    readonly feed: Feed,
    staging: Staging,
    private readonly zeroUs: number,
  ) {
    this.#reader = new OrderedReader(feed, staging, Codec.opus);
  }

  /** The time map for a rendition: all take their steps where they are cut. */
  newTimeline(): Timeline {
    return new Timeline(this.feed.reader.clockRate, this.zeroUs);
  }

  /** Packets dropped for malformed input. */
  get dropped(): number {
    return this.#frames.dropped;
  }

  /** Gives the packets that have come; what is missing is left out, and silence where it is shown. */
  read(now: number, out: (frame: Frame) => void): void {
    this.#reader.read(now, {
      packet: (packet: Packet) => this.#frames.push(packet, out),
      hole: () => {},
    });
  }
}
