import { type Ensemble, SEGMENT_US } from "./ensemble.ts";
import type { Numbers, Segments } from "./segments.ts";
import type { Tracks } from "./tracks.ts";

/** A layer that has shown nothing for longer, while others do, is not there. */
export const MISSED_US = 1_000_000;
/** What interrupts the media for longer is a break, and not filled part by part. */
export const BREAK_US = 30_000_000;
/** Behind a break nothing begins earlier than so long before it: dates in a playlist do not go back. */
const OVERLAP_US = 100_000;

interface GapOptions {
  readonly ensemble: Ensemble;
  readonly partTargetUs: number;
  readonly targetDurationUs: number;
  readonly from: Numbers;
}

/** What stands in a rendition's playlist while its layer does not come (RFC 8216bis 4.4.4.7): parts by the clock. */
export class Gap {
  /** Where its open part begins, us; while there is no gap, how far that goes which came before. */
  reachedUs: number;
  #open = false;
  #zeroUs = 0;

  constructor(
    private readonly segments: Segments,
    private readonly options: GapOptions,
  ) {
    this.reachedUs = options.from.endUs;
  }

  /**
   * Whether a layer may begin here: no part is listed there. A group of pictures that has gone on for
   * long would have to be cut without a keyframe, and nobody can begin with what comes then.
   */
  allows(us: number, nowUs: number): boolean {
    const { targetDurationUs, partTargetUs } = this.options;
    if (nowUs - us > targetDurationUs - partTargetUs) return false;
    return us > this.reachedUs - (this.#open ? 0 : OVERLAP_US);
  }

  /** `breaks`: its times do not go on from what was before. */
  begin(us: number, { zeroUs }: Tracks, nowUs: number, breaks = false): void {
    this.#open = true;
    this.reachedUs = us;
    this.#zeroUs = zeroUs;
    this.#beginSegment(nowUs, breaks);
  }

  /** Nothing can be shown so far; where others have begun in this epoch, a gap stands for it. */
  wait(tracks: Tracks, capturedUs: number, nowUs: number): void {
    const { beganUs, era } = this.options.ensemble;
    // Where the times of the others break, its own do.
    const breaks = this.#open && era !== this.segments.openEra;
    if (breaks && beganUs !== null) this.begin(beganUs, tracks, nowUs);
    // Nothing is filled that long.
    if (capturedUs - this.reachedUs > BREAK_US) this.cut();
    const wasThere = tracks.pictures !== null && this.segments.era !== null;
    const startUs = Math.max(beganUs ?? Number.POSITIVE_INFINITY, this.reachedUs);
    const missedUs = capturedUs - startUs;
    if (!this.#open && wasThere && missedUs > MISSED_US && missedUs <= BREAK_US) {
      this.begin(startUs, tracks, nowUs, true);
    }
    if (this.#open) this.#reach(capturedUs, nowUs);
    tracks.sound?.forgetBefore(this.#open ? this.reachedUs : capturedUs - BREAK_US, nowUs);
  }

  /** The layer is there from here on. Returns whether its times go on. */
  end(us: number, nowUs: number): boolean {
    const goesOn = this.#open && us - this.reachedUs <= BREAK_US;
    if (goesOn) {
      this.#reach(us, nowUs);
      if (us > this.reachedUs) this.#part(us, nowUs);
    }
    this.#open = false;
    return goesOn;
  }

  /** The source goes. */
  cut(): void {
    if (this.#open) this.segments.close();
    this.#open = false;
  }

  #reach(us: number, nowUs: number): void {
    for (;;) {
      const endUs = this.reachedUs + this.options.partTargetUs;
      if (endUs > us) return;
      this.#part(endUs, nowUs);
    }
  }

  #part(endUs: number, nowUs: number): void {
    this.segments.part(this.reachedUs, endUs, [], []);
    this.reachedUs = endUs;
    if (endUs - this.segments.startUs >= SEGMENT_US) this.#beginSegment(nowUs);
  }

  #beginSegment(nowUs: number, breaks = false): void {
    const { segments } = this;
    const startUs = this.reachedUs;
    const { video, audio } = segments;
    segments.begin({
      startUs,
      wallUs: Math.min(this.#zeroUs + startUs, nowUs),
      independent: true,
      era: this.options.ensemble.enter(segments.era, startUs, breaks),
      gap: true,
      first: null,
      video,
      audio,
    });
  }
}
