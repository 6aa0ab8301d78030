import type { Frame } from "./frames/frame.ts";

/** A group of pictures may be so long before it is decided how it is cut. */
const KEPT_US = 20_000_000;

/** Frames of one track, in their order, until it is known which part they are of: by RTP timestamp. */
export class FrameStore {
  readonly #frames = new Map<number, Frame>();

  add(frame: Frame): void {
    this.#frames.set(frame.timestamp, frame);
  }

  get(timestamp: number): Frame | undefined {
    return this.#frames.get(timestamp);
  }

  /** This frame and those before it are not asked for any more. */
  drop(timestamp: number): void {
    if (!this.#frames.has(timestamp)) return;
    for (const each of this.#frames.keys()) {
      this.#frames.delete(each);
      if (each === timestamp) return;
    }
  }

  /** Nobody asks for those that are so old. */
  tidy(now: number): void {
    for (const [timestamp, { arrivalUs }] of this.#frames) {
      if (now - arrivalUs <= KEPT_US) return;
      this.#frames.delete(timestamp);
    }
  }
}
