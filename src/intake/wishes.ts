/** The keyframes that the readers of a publisher's rings wish for, and what they are told of it. */
import type { KeyframeRequests } from "../media/keyframe-requests.ts";
import { Header, KeyframeWish } from "../ring/layout.ts";
import type { RingWriter } from "../ring/writer.ts";

/** A track as far as its readers may wish. */
export interface WishedTrack {
  readonly writer: RingWriter;
  readonly keyframes: KeyframeRequests;
  readonly video: boolean;
  /** Its SSRC has left: it sends no keyframes. */
  readonly left: boolean;
}

/** Reads the wish words of one publisher's rings. */
export class Wishes {
  readonly #tracks: readonly WishedTrack[];
  readonly #readers: number;
  /** Sums of the readers' words when last looked at, two a track. */
  readonly #seen: Int32Array;

  /** What was wished for before is not heard: the first packet asks for a keyframe by itself. */
  constructor(tracks: readonly WishedTrack[], readers: number) {
    this.#tracks = tracks;
    this.#readers = readers;
    this.#seen = new Int32Array(tracks.length * 2);
    for (let i = 0; i < tracks.length; i += 1) {
      this.#isNew(2 * i, tracks[i]!, "join");
      this.#isNew(2 * i + 1, tracks[i]!, "failure");
    }
  }

  /** Hears what is new, and tells what stands. */
  read(now: number): void {
    for (let i = 0; i < this.#tracks.length; i += 1) {
      const track = this.#tracks[i]!;
      if (!track.video) continue;
      const join = this.#isNew(2 * i, track, "join");
      const failure = this.#isNew(2 * i + 1, track, "failure");
      const heard = !track.left;
      if (heard && join) track.keyframes.want("join");
      if (heard && failure) track.keyframes.want("failure");
      track.keyframes.handleTimeout(now);
      tellWishes(track);
    }
  }

  #isNew(at: number, { writer }: WishedTrack, why: "join" | "failure"): boolean {
    const sum = writer.keyframeRequests(this.#readers, why);
    if (sum === this.#seen[at]) return false;
    this.#seen[at] = sum;
    return true;
  }
}

/**
 * Tells the readers whether the publisher answers at all, and which wish stands: for one that is no
 * more urgent nobody need ring. Of a track that has left none is heard.
 */
export function tellWishes({ writer, keyframes, left }: WishedTrack): void {
  writer.setWord(Header.pliIgnored, keyframes.ignored ? 1 : 0);
  writer.setWord(Header.keyframeWanted, left ? KeyframeWish.failure : keyframes.standing);
}
