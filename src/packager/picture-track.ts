import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import type { CodecId } from "../wire/codecs.ts";
import { framesOf } from "./frames/codecs.ts";
import type { Frame, Packet } from "./frames/frame.ts";
import type { VideoFrames } from "./frames/video-frames.ts";
import { OrderedReader } from "./ordered-reader.ts";
import { Timeline } from "./timeline.ts";

/** A ring of pictures of one codec on its way to frames with times. */
export class PictureTrack {
  readonly timeline: Timeline;
  readonly #codec: CodecId;
  readonly #reader: OrderedReader;
  readonly #frames: VideoFrames;

  /** `zeroUs`: wall clock of the tail's zero. */
  constructor(
    readonly feed: Feed,
    staging: Staging,
    zeroUs: number,
  ) {
    this.timeline = new Timeline(feed.reader.clockRate, zeroUs);
    this.#codec = feed.reader.codec;
    this.#reader = new OrderedReader(feed, staging, this.#codec);
    this.#frames = framesOf(this.#codec, () => feed.reader.parameterSets());
  }

  /** Its ring holds another codec now. */
  get isPast(): boolean {
    return this.feed.reader.codec !== this.#codec;
  }

  /** Packets have no frame before the next keyframe. */
  get waitsForKeyframe(): boolean {
    return this.#frames.waitsForKeyframe;
  }

  /** Why no tail can be made of them, as the end of a sentence; null where one can. */
  get unfit(): string | null {
    return this.#frames.unfit;
  }

  /** Frames dropped for malformed input. */
  get dropped(): number {
    return this.#frames.dropped;
  }

  /** It is read later, from the newest keyframe on; when that came, null where there is none so young. */
  mark(now: number, ageMaxUs: number): number | null {
    return this.#reader.mark(now, ageMaxUs);
  }

  /** Gives the frames that are whole now. */
  read(now: number, out: (frame: Frame) => void): void {
    this.#reader.read(now, {
      packet: (packet: Packet) => this.#frames.push(packet, out),
      hole: () => this.#frames.reset(),
    });
  }
}
