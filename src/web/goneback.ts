/** Somebody who went back in a tail: where they are, and that they stay there. */
import type Hls from "hls.js";
import { positionOf, reachOf } from "./listed.ts";

/** What is so much older than can be gone back to is gone soon. */
const GONE_MS = 4_000;

export class GoneBack {
  readonly #video: HTMLVideoElement;
  readonly #hls: () => Hls | null;
  /** Capture time of what is shown to them; null at the live edge. */
  #atMs: number | null = null;

  /** `hls`: what plays at the moment. */
  constructor(video: HTMLVideoElement, hls: () => Hls | null) {
    this.#video = video;
    this.#hls = hls;
  }

  /** What is shown is old on purpose; nothing but whole segments is loaded. */
  get isBehind(): boolean {
    return this.#atMs !== null;
  }

  /** To what was captured then. */
  go(captureMs: number): void {
    this.#atMs = captureMs;
    this.place();
  }

  /** On from what is shown, however old that is. */
  stay(): void {
    this.#atMs = this.#hls()?.playingDate?.getTime() ?? null;
  }

  end(): void {
    this.#atMs = null;
  }

  /** A tail that begins does so where they are; to be called when its first playlist has come. */
  place(): void {
    const hls = this.#hls();
    const details = hls?.latestLevelDetails ?? null;
    if (hls === null || details === null || this.#atMs === null) return;
    const at = positionOf(details, this.#atMs);
    if (this.#video.readyState > 0) this.#video.currentTime = at;
    else hls.startLoad(at);
  }

  /** They are not made to catch up, and what they come to when they play on is not gone by then. */
  tend(hls: Hls, isWatched: boolean): void {
    hls.config.maxLiveSyncPlaybackRate = 1;
    if (this.#video.playbackRate > 1) this.#video.playbackRate = 1;
    const { playingDate, latestLevelDetails: details } = hls;
    if (playingDate === null || details === null || this.#video.seeking) return;
    this.#atMs = playingDate.getTime();
    const fromMs = reachOf(details)?.fromMs ?? this.#atMs;
    if (isWatched && this.#atMs < fromMs - GONE_MS) this.go(fromMs);
  }
}
