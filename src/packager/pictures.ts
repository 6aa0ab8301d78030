import type { Frame } from "./frames/frame.ts";
import { Lag } from "./lag.ts";
import type { Sample } from "./sample.ts";
import type { Timeline } from "./timeline.ts";

export const VIDEO_RATE = 90_000;

/** A frame at its place on the track. */
export interface Picture {
  readonly frame: Frame;
  readonly ticks: number;
  /** The same in us, whole. */
  readonly us: number;
}

/** The pictures of a rendition as they come: each gets its time, and none is there that lacks others. */
export class Pictures {
  /** Frames that came too late or too early, or whose format came too soon after another. */
  dropped = 0;
  /** Nothing can be shown before the next keyframe. */
  #broken = true;
  readonly #lag = new Lag();
  readonly #waiting: Frame[] = [];

  constructor(readonly timeline: Timeline) {}

  get broken(): boolean {
    return this.#broken;
  }

  /** How late even the promptest frames come, us. */
  get lagUs(): number {
    return this.#lag.us;
  }

  push(frame: Frame): void {
    this.#waiting.push(frame);
  }

  /** The next one; null when there is none now. */
  next(nowUs: number): Picture | null {
    while (this.timeline.started) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return null;
      this.#noteLag(frame, nowUs);
      if (this.#broken && !(frame.key && frame.format !== null)) continue;
      const ticks = this.timeline.next(frame.timestamp, nowUs);
      this.#broken = false;
      if (ticks === null) {
        this.drop();
        continue;
      }
      return pictureAt(frame, ticks);
    }
    return null;
  }

  /** Also of frames that are not shown: who waits longer gets them. */
  #noteLag({ timestamp }: Frame, nowUs: number): void {
    const us = usOf(this.timeline.ticksOf(timestamp, nowUs));
    this.#lag.note(nowUs - this.timeline.zeroUs - us);
  }

  /** The newest one is not shown, nor is what needs it. */
  drop(): void {
    this.dropped += 1;
    this.freeze();
  }

  /** Nothing is shown before the next keyframe. */
  freeze(): void {
    this.#broken = true;
  }

  /** The same picture after the timeline has taken a step. */
  again({ frame, ticks }: Picture, nowUs: number): Picture {
    return pictureAt(frame, this.timeline.next(frame.timestamp, nowUs) ?? ticks);
  }
}

/** Ticks of pictures as us. */
export function usOf(ticks: number): number {
  return Math.round((ticks * 1e6) / VIDEO_RATE);
}

/** The picture as a sample that ends at `ticks`. */
export function sampleOf({ frame, ticks: time }: Picture, ticks: number): Sample {
  const { key, data: bytes, timestamp } = frame;
  return { time, duration: ticks - time, offset: 0, key, timestamp, bytes };
}

function pictureAt(frame: Frame, ticks: number): Picture {
  return { frame, ticks, us: usOf(ticks) };
}
