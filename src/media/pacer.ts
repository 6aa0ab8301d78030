/** libwebrtc: kDefaultPaceMultiplier; a frame leaves in 40 % of the time to the next one. */
const PACE_FACTOR = 2.5;
/** What may leave at once: so much time at the pacing rate ... */
const BURST_US = 5_000;
/** ... or an ordinary frame of the layer with its swing (30 a second) ... */
const FRAME_US = 50_000;
/** A path that loses packets, or is not known yet, may have a queue of a few frames only: there media
 * leaves little faster than it comes, or than the path is known to take, in smaller bursts. It costs
 * a keyframe some latency; at 1.5 x the layer a queue of 30 ms lost packets of every third one, and
 * what their repair took was longer. */
const CAREFUL_FACTOR = 1.15;
const CAREFUL_FRAME_US = 20_000;
/** ... but a packet at least, and no more than a shallow queue takes. */
const BURST_BYTES_MIN = 1_500;
const BURST_BYTES_MAX = 48_000;
/** What cannot wait (audio, repairs, probes, a join's burst) leaves so much debt at most for video to
 * work off: what exceeds it is the path's queue's, and holding media back on top would be a freeze. */
const DEBT_BYTES_MAX = 12_000;

/**
 * Token bucket of one viewer (the idea of libwebrtc's PacingController): an ordinary frame leaves at
 * once, a keyframe at a rate that the path can take, so that it does not overrun a shallow queue.
 * Audio is never delayed.
 */
export class Pacer {
  /** Bits a second. */
  private rate = 0;
  private burst = BURST_BYTES_MIN;
  private tokens = BURST_BYTES_MAX;
  private refilledAt = Number.NEGATIVE_INFINITY;

  /**
   * `layer`: bits a second of what flows, 0 while unknown; `estimate`: what the path takes; `careful`:
   * its queue may be short.
   */
  setRates(now: number, layer: number, estimate: number, careful: boolean): void {
    this.refill(now);
    const least = layer * (careful ? CAREFUL_FACTOR : PACE_FACTOR);
    this.rate = layer === 0 ? 0 : Math.max(least, estimate);
    const frame = (layer * (careful ? CAREFUL_FRAME_US : FRAME_US)) / 8e6;
    const burst = Math.max((this.rate * BURST_US) / 8e6, frame);
    this.burst = Math.min(BURST_BYTES_MAX, Math.max(BURST_BYTES_MIN, burst));
  }

  /** Everything may leave at any time. */
  get idle(): boolean {
    return this.rate === 0;
  }

  /** Whether a packet of video may leave now. Without a rate, everything may. */
  mayLeave(now: number): boolean {
    this.refill(now);
    return this.tokens > 0 || this.rate === 0;
  }

  /** Charges what left, whether it asked `mayLeave` or not. */
  charge(now: number, bytes: number): void {
    this.refill(now);
    this.tokens = Math.max(this.tokens - bytes, -DEBT_BYTES_MAX);
  }

  private refill(now: number): void {
    const elapsed = now - this.refilledAt;
    if (elapsed <= 0) return;
    this.refilledAt = now;
    if (elapsed === Number.POSITIVE_INFINITY) return;
    this.tokens = Math.min(this.burst, this.tokens + (elapsed * this.rate) / 8e6);
  }
}
