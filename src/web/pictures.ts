/** Counts the pictures that a video element has presented. */
export class PictureCounter {
  readonly #video: HTMLVideoElement;
  readonly #seen: (frame: VideoFrameCallbackMetadata) => void;
  #presented = 0;
  #handle = 0;

  /** `seen` is told of each picture. */
  constructor(video: HTMLVideoElement, seen: (frame: VideoFrameCallbackMetadata) => void) {
    this.#video = video;
    this.#seen = seen;
  }

  start(): void {
    this.stop();
    this.#presented = 0;
    this.#watch();
  }

  stop(): void {
    this.#video.cancelVideoFrameCallback?.(this.#handle);
  }

  /** Only changes: pages that nobody looks at, and old browsers, tell of decoded pictures instead. */
  get count(): number {
    if (this.#presented > 0 && document.visibilityState === "visible") return this.#presented;
    if ("requestVideoFrameCallback" in this.#video && document.visibilityState === "visible") {
      return 0;
    }
    return this.#video.getVideoPlaybackQuality().totalVideoFrames;
  }

  #watch(): void {
    this.#handle =
      this.#video.requestVideoFrameCallback?.((_, frame) => {
        this.#presented += 1;
        this.#watch();
        this.#seen(frame);
      }) ?? 0;
  }
}
