import type { TailStill } from "../contract/tail.ts";
import type { Feed } from "../feed/feed.ts";
import type { Following } from "../feed/following.ts";
import type { Staging } from "../feed/staging.ts";
import { STILL_SOUGHT_US } from "../limits.ts";
import type { VideoFormat } from "./format.ts";
import type { Frame } from "./frames/frame.ts";
import { writeFragment } from "./mp4/fragment.ts";
import { writeInit } from "./mp4/init.ts";
import { TICKS_PER_SECOND, Track } from "./mp4/tracks.ts";
import { PictureTrack } from "./picture-track.ts";
import { SourceReading, sends } from "./source-reading.ts";

/** A keyframe that is in the ring, or comes just now, is read within that ... */
const CACHED_US = 300_000;
/** ... and one that is not is asked for so far apart. */
const ASK_US = 1_000_000;

/** What came of it: a file, or why there is none. */
export type StillFound = Pick<TailStill, "file" | "width" | "height" | "reason">;

export const NO_STILL: StillFound = { file: null, width: 0, height: 0, reason: null };

/** The search for one picture of a stream: the newest keyframe of its smallest layer that sends. Times in us. */
export class Still {
  readonly #staging: Staging;
  readonly #until: number;
  #reading: SourceReading | null = null;
  #track: PictureTrack | null = null;
  #askAt = 0;

  /** `staging`: room for one packet, not kept between two calls. */
  constructor(staging: Staging, now: number) {
    this.#staging = staging;
    this.#until = now + STILL_SOUGHT_US;
  }

  /** It is sought in another source, or in none for now. */
  setSource(following: Following | null, now: number): void {
    this.release();
    this.#track = null;
    this.#reading = following === null ? null : new SourceReading(following, this.#staging, 0, now);
    this.#askAt = now + CACHED_US;
  }

  /** Takes what has come; null while it is sought. */
  look(now: number): StillFound | null {
    const found = this.#reading === null ? null : this.#lookIn(this.#reading, now);
    return found ?? (now >= this.#until ? NO_STILL : null);
  }

  /** Its rings are not read any more. */
  release(): void {
    for (const feed of this.#reading?.following.video ?? []) feed.release();
  }

  #lookIn({ unavailable, following: { video } }: SourceReading, now: number): StillFound | null {
    if (unavailable !== null) return { ...NO_STILL, reason: unavailable };
    if (video.length === 0) return { ...NO_STILL, reason: "it has no video" };
    if (this.#track?.isPast === true) this.#track = null;
    // What nobody wants may not be here: then whatever comes first is shown.
    const wanted = this.#track === null ? video : [this.#track.feed];
    for (const { reader } of wanted) reader.wantUnwoken();
    const feed = this.#track === null ? smallest(video.filter((each) => sends(each, now))) : null;
    if (feed !== null) this.#track = new PictureTrack(feed, this.#staging, 0);
    return this.#track === null ? null : this.#read(this.#track, now);
  }

  #read(track: PictureTrack, now: number): StillFound | null {
    let found: StillFound | null = null;
    track.read(now, (frame) => {
      if (found === null && frame.key && frame.format !== null) found = fileOf(frame, frame.format);
    });
    if (track.unfit !== null) return { ...NO_STILL, reason: track.unfit };
    if (found === null && now >= this.#askAt) {
      this.#askAt = now + ASK_US;
      track.feed.reader.requestKeyframe("segment");
    }
    return found;
  }
}

/** The layer of the smallest pictures; null for none. */
function smallest(layers: readonly Feed[]): Feed | null {
  const pixels = ({ reader }: Feed): number => {
    const { width, height } = reader.describe();
    return width * height;
  };
  return layers.toSorted((one, other) => pixels(one) - pixels(other))[0] ?? null;
}

/** A keyframe as a file that shows it for a second. */
function fileOf({ data }: Frame, format: VideoFormat): StillFound {
  const init = writeInit({ video: format, audio: null });
  const duration = TICKS_PER_SECOND[Track.video];
  const sample = { time: 0, duration, offset: 0, key: true, timestamp: null, bytes: data };
  const fragment = writeFragment(1, [{ track: Track.video, samples: [sample] }]);
  const file = new Uint8Array(init.length + fragment.length);
  file.set(init);
  file.set(fragment, init.length);
  return { file, width: format.width, height: format.height, reason: null };
}
