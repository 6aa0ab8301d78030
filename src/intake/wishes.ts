/** The keyframes that the readers of a publisher's rings wish for, and what they are told of it. */
import type { KeyframeRequests } from "../media/keyframe-requests.ts";
import {
  Header,
  KEYFRAME_INTERVAL,
  KEYFRAMES_UNKNOWN_MS,
  type KeyframeReason,
  KeyframeWish,
} from "../ring/layout.ts";
import type { RingWriter } from "../ring/writer.ts";

/** A track as far as its readers may wish. */
export interface WishedTrack {
  readonly writer: RingWriter;
  readonly keyframes: KeyframeRequests;
  readonly video: boolean;
  /** Its SSRC has left: it sends no keyframes. */
  readonly left: boolean;
}

/** In the order in which a track hears of them: a failure is more than a join. */
const REASONS: readonly KeyframeReason[] = ["join", "failure", "segment"];

/** Reads the wish words of one publisher's rings. */
export class Wishes {
  readonly #tracks: readonly WishedTrack[];
  readonly #readers: number;
  /** Sums of the readers' words when last looked at, one a track and reason. */
  readonly #seen: Int32Array;

  /** What was wished for before is not heard: the first packet asks for a keyframe by itself. */
  constructor(tracks: readonly WishedTrack[], readers: number) {
    this.#tracks = tracks;
    this.#readers = readers;
    this.#seen = new Int32Array(tracks.length * REASONS.length);
    for (let i = 0; i < tracks.length; i += 1) {
      for (let reason = 0; reason < REASONS.length; reason += 1) this.#isNew(i, reason);
    }
  }

  /** Hears what is new, and tells what stands. */
  read(now: number): void {
    for (let i = 0; i < this.#tracks.length; i += 1) {
      const track = this.#tracks[i]!;
      if (!track.video) continue;
      const heard = !track.left;
      for (let reason = 0; reason < REASONS.length; reason += 1) {
        if (this.#isNew(i, reason) && heard) track.keyframes.want(REASONS[reason]!);
      }
      track.keyframes.handleTimeout(now);
      tellWishes(track);
    }
  }

  #isNew(track: number, reason: number): boolean {
    const { writer } = this.#tracks[track]!;
    const at = track * REASONS.length + reason;
    const sum = writer.keyframeRequests(this.#readers, REASONS[reason]!);
    if (sum === this.#seen[at]) return false;
    this.#seen[at] = sum;
    return true;
  }
}

/**
 * Tells the readers whether the publisher answers at all, what it does by itself, and which wishes stand: for those nobody
 * need ring. Of a track that has left none is heard.
 */
export function tellWishes({ writer, keyframes, left }: WishedTrack): void {
  writer.setWord(Header.pliIgnored, keyframes.ignored ? 1 : 0);
  const ownMs = keyframes.isUnknown ? KEYFRAMES_UNKNOWN_MS : keyframes.intervalUs / 1000;
  writer.setWord(KEYFRAME_INTERVAL, Math.round(ownMs));
  writer.setWord(Header.keyframeWanted, left ? KeyframeWish.all : keyframes.standing);
}
