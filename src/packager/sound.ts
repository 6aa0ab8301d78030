import type { AudioFormat } from "./format.ts";
import type { Frame } from "./frames/frame.ts";
import { LATE_US, Lag } from "./lag.ts";
import type { Sample } from "./sample.ts";
import { FUTURE_US, type Timeline } from "./timeline.ts";

const AUDIO_RATE = 48_000;
/** 40 ms: what sound may be off before a packet too much is dropped, or a missing one filled in. */
const DRIFT = 0.04 * AUDIO_RATE;
/** The packet of silence. */
const SILENCE = 0.02 * AUDIO_RATE;

/** What a rendition has to know of a stream's sound. */
export interface SoundSource {
  readonly format: AudioFormat;
  readonly timeline: Timeline;
  /** A packet of 20 ms of silence. */
  readonly silence: Uint8Array;
}

/**
 * The sound of a rendition without a hole: packets follow each other by what they hold, not by their
 * jittery times; what is missing is silence.
 */
export class Sound {
  /** Packets that were dropped, and packets of silence that were put in. */
  dropped = 0;
  filled = 0;
  /** Where the next sample begins, in ticks. */
  #next = 0;
  readonly #lag = new Lag();
  /** Packets that have no place yet, and the newest since the last look. */
  readonly #waiting: Frame[] = [];
  #newest: Frame | null = null;
  #samples: Sample[] = [];

  constructor(readonly source: SoundSource) {}

  push(frame: Frame): void {
    this.#waiting.push(frame);
    this.#newest = frame;
  }

  /** After the packets of each look: notes how late they are. */
  look(nowUs: number): void {
    const { timeline } = this.source;
    if (this.#newest === null || !timeline.started) return;
    const capturedUs = timeline.zeroUs + this.#capturedUs(this.#newest, nowUs);
    this.#lag.note(nowUs - capturedUs);
    this.#newest = null;
  }

  /** The track begins, or begins anew, here (us). */
  start(us: number): void {
    this.#next = Math.round((us * AUDIO_RATE) / 1e6);
    this.#samples = [];
  }

  /** Packets that end before this are not asked for any more. */
  forgetBefore(us: number, nowUs: number): void {
    const { timeline } = this.source;
    const first = this.#waiting.findIndex(
      ({ timestamp, samples }) => this.#usOf(timeline.ticksOf(timestamp, nowUs) + samples) > us,
    );
    this.#waiting.splice(0, first < 0 ? this.#waiting.length : first);
  }

  /** How late even the promptest packets come, us. */
  get lagUs(): number {
    return this.#lag.us;
  }

  /** When the oldest packet was captured (us); null without one. */
  firstUs(nowUs: number): number | null {
    const [first] = this.#waiting;
    return first === undefined || !this.source.timeline.started
      ? null
      : this.#capturedUs(first, nowUs);
  }

  /** Puts the packets before `endUs` in their places. Returns up to when (us) there is sound. */
  settle(endUs: number, nowUs: number): number {
    const { timeline } = this.source;
    const latest = nowUs - timeline.zeroUs + FUTURE_US;
    while (timeline.started && this.#waiting.length > 0) {
      const us = this.#capturedUs(this.#waiting[0]!, nowUs);
      if (us <= latest && us >= endUs) break;
      this.#place(this.#waiting.shift()!, us, us > latest);
    }
    return this.#usOf(this.#next);
  }

  /** The samples that begin before `endUs`, which are settled; silence for those that will not come. */
  take(endUs: number, nowUs: number): Sample[] {
    const { timeline } = this.source;
    const missing = nowUs - timeline.zeroUs - LATE_US - this.#lag.us;
    this.#fill((Math.min(endUs, missing) * AUDIO_RATE) / 1e6);
    const end = (endUs * AUDIO_RATE) / 1e6;
    const later = this.#samples.findIndex((sample) => sample.time >= end);
    return this.#samples.splice(0, later < 0 ? this.#samples.length : later);
  }

  #place(frame: Frame, us: number, isFuture: boolean): void {
    const ticks = (us * AUDIO_RATE) / 1e6;
    if (isFuture || ticks < this.#next - DRIFT || frame.samples <= 0) {
      this.dropped += 1;
      return;
    }
    if (ticks > this.#next + DRIFT) this.#fill(ticks);
    this.#add(frame.data, frame.samples, frame.timestamp);
  }

  /** Silence up to `ticks`, as far as whole packets go. */
  #fill(ticks: number): void {
    for (; this.#next + SILENCE <= ticks; this.filled += 1) {
      this.#add(this.source.silence, SILENCE, null);
    }
  }

  #add(bytes: Uint8Array, duration: number, timestamp: number | null): void {
    this.#samples.push({ time: this.#next, duration, offset: 0, key: true, timestamp, bytes });
    this.#next += duration;
  }

  #capturedUs({ timestamp }: Frame, nowUs: number): number {
    return this.#usOf(this.source.timeline.ticksOf(timestamp, nowUs));
  }

  #usOf(ticks: number): number {
    return (ticks * 1e6) / AUDIO_RATE;
  }
}
