/** A file as one sequence of frames by time, once or in a loop. */
import type { MediaKind } from "../wire/codecs.ts";
import { FilePass, LEAD_MAX_US, type PlaybackItem } from "./file-pass.ts";
import type { SendableTrack } from "./sendable-track.ts";

/** Silence of all tracks that is a broken clock rather than a pause. */
const GAP_MAX_US = 60_000_000;
const AFTER_GAP_US = 40_000;

export class Playback {
  /** Gaps that were closed. */
  gapsClosed = 0;
  readonly #originUs: number;
  #items: AsyncGenerator<PlaybackItem>;
  /** Where this pass begins. */
  #passUs = 0;
  /** What closed gaps took from this pass. */
  #skewUs = 0;

  constructor(
    private readonly tracks: readonly SendableTrack[],
    private readonly loop: boolean,
  ) {
    this.#originUs = originOf(tracks);
    this.#items = this.#passes(null);
  }

  /** The next frame; null at the end. Throws what the reader throws. */
  async next(): Promise<PlaybackItem | null> {
    const { done, value } = await this.#items.next();
    return done ? null : value;
  }

  /** Goes on at the last keyframe at or before a time of this pass. */
  async seek(timeUs: number): Promise<void> {
    await this.#items.return(undefined);
    const inPass = timeUs - this.#passUs;
    this.#items = this.#passes(inPass > 0 ? inPass + this.#skewUs + this.#originUs : null);
  }

  /** `fromUs` is a time of the file, for the first pass. */
  async *#passes(fromUs: number | null): AsyncGenerator<PlaybackItem> {
    let start = fromUs;
    do {
      const pass = new FilePass(this.tracks, start);
      let last = Number.NaN;
      for await (const item of pass.items()) {
        let timeUs = item.timeUs - this.#originUs - this.#skewUs;
        if (timeUs - last > GAP_MAX_US) {
          this.gapsClosed += 1;
          this.#skewUs += timeUs - last - AFTER_GAP_US;
          timeUs = last + AFTER_GAP_US;
        }
        last = timeUs;
        yield { ...item, timeUs: timeUs + this.#passUs };
      }
      this.#passUs += pass.endUs - this.#originUs - this.#skewUs;
      this.#skewUs = 0;
      start = null;
    } while (this.loop);
  }
}

/** The time of the file that is time 0: where the picture begins, or sound that leads by more. */
function originOf(tracks: readonly SendableTrack[]): number {
  const first = (kind: MediaKind) => tracks.find((track) => track.kind === kind)?.firstUs;
  const video = first("video");
  const audio = first("audio");
  if (video === undefined || audio === undefined) return video ?? audio ?? 0;
  return audio < video - LEAD_MAX_US ? audio : video;
}
