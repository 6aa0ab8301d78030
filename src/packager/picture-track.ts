import type { Feed } from "../feed/feed.ts";
import type { Staging } from "../feed/staging.ts";
import { Codec } from "../wire/codecs.ts";
import type { Frame, Packet } from "./frames/frame.ts";
import { H264Frames } from "./frames/h264.ts";
import { OrderedReader } from "./ordered-reader.ts";
import { Timeline } from "./timeline.ts";

/** A ring of pictures on its way to frames with times. */
export class PictureTrack {
  readonly timeline: Timeline;
  readonly #reader: OrderedReader;
  readonly #frames: H264Frames;

  /** `zeroUs`: wall clock of the tail's zero. */
  constructor(
    readonly feed: Feed,
    staging: Staging,
    zeroUs: number,
  ) {
    this.timeline = new Timeline(feed.reader.clockRate, zeroUs);
    this.#reader = new OrderedReader(feed, staging, Codec.h264);
    this.#frames = new H264Frames(() => feed.reader.parameterSets());
  }

  /** Packets have no frame before the next keyframe. */
  get waitsForKeyframe(): boolean {
    return this.#frames.waitsForKeyframe;
  }

  /** Frames dropped for malformed input. */
  get dropped(): number {
    return this.#frames.dropped;
  }

  /** Gives the frames that are whole now. */
  read(now: number, out: (frame: Frame) => void): void {
    this.#reader.read(now, {
      packet: (packet: Packet) => this.#frames.push(packet, out),
      hole: () => this.#frames.reset(),
    });
  }
}
