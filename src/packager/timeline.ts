/** What the map may move against itself: 1 ms a second, ten times what two clocks drift apart. */
const SLEW = 0.001;
/** A map that is off by more is not moved but stepped, where the timeline may break. */
const STEP_US = 100_000;
/** RTP times that are off by more belong to another line: the capturer goes on, its numbers jumped. */
const JUMP_US = 1_000_000;
/** What is said to be captured so far ahead of now was not. */
export const FUTURE_US = 1_000_000;
/** A frame this far behind the one before it comes out of order, one further behind is not believed. */
const BEHIND_US = 1_000_000;

/**
 * The time map of one ring for one epoch: RTP time to the server's wall clock at capture, and to ticks
 * of a media track. One affine map, led by the pairs that sender reports are made of. It follows them
 * by slewing, so that neither jitter nor a corrected estimate shows in the media.
 */
export class Timeline {
  /** Wall clock of RTP time 0, us: as the newest pair has it, and as the map has it now. */
  #target = 0;
  #origin = 0;
  #started = false;
  /** The newest pair, its RTP time unwrapped. */
  #anchor = 0;
  #anchorUs = 0;
  /** The newest frame on its track. */
  #last = Number.NEGATIVE_INFINITY;

  /** `zeroUs`: wall clock of the track's tick 0. */
  constructor(
    readonly clockRate: number,
    readonly zeroUs: number,
  ) {}

  /** Whether a frame's time can be told. */
  get started(): boolean {
    return this.#started;
  }

  /** What is captured at `wallUs` has this RTP timestamp: to be told at each look. */
  note(timestamp: number, wallUs: number): void {
    const anchor = this.#started ? this.#unwrap(timestamp) : timestamp;
    this.#target = wallUs - this.#us(anchor);
    if (this.#started) {
      const most = Math.max(0, wallUs - this.#anchorUs) * SLEW;
      const off = this.#target - this.#origin;
      // Beyond a step it stands still: the next break takes all of it at once.
      if (!this.off) this.#origin += Math.max(-most, Math.min(most, off));
    } else this.#origin = this.#target;
    this.#started = true;
    this.#anchor = anchor;
    this.#anchorUs = wallUs;
  }

  /**
   * The map is off by a step: where the timeline may break, `step` takes it. By arrival alone only what
   * began with late frames gets there, for others show it; reports may show more.
   */
  get off(): boolean {
    return Math.abs(this.#target - this.#origin) > STEP_US;
  }

  /** The timeline breaks here: times may go back with the next frame. Returns the step, us. */
  step(): number {
    const step = this.#target - this.#origin;
    this.#origin = this.#target;
    this.#last = Number.NEGATIVE_INFINITY;
    return Math.round(step);
  }

  /** Ticks at which the frame of this RTP timestamp was captured. */
  ticksOf(timestamp: number, nowUs: number): number {
    const elapsed = this.#us(this.#unwrap(timestamp));
    if (Math.abs(this.#target - this.#origin) > JUMP_US) {
      const here = Math.abs(nowUs - (elapsed + this.#origin));
      if (Math.abs(nowUs - (elapsed + this.#target)) < here) this.#origin = this.#target;
    }
    return Math.round(((elapsed + this.#origin - this.zeroUs) * this.clockRate) / 1e6);
  }

  /**
   * The same for the next frame of a track, on which times rise. Null: it says to be of the future, or
   * long over.
   */
  next(timestamp: number, nowUs: number): number | null {
    const ticks = this.ticksOf(timestamp, nowUs);
    if (this.#us(ticks) + this.zeroUs > nowUs + FUTURE_US) return null;
    if (this.#us(this.#last - ticks) > BEHIND_US) return null;
    const now = Math.floor(((nowUs - this.zeroUs) * this.clockRate) / 1e6);
    this.#last = Math.max(Math.min(ticks, now), this.#last + 1);
    return this.#last;
  }

  #us(ticks: number): number {
    return (ticks * 1e6) / this.clockRate;
  }

  #unwrap(timestamp: number): number {
    return this.#anchor + ((timestamp - this.#anchor) | 0);
  }
}
