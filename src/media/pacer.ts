/** libwebrtc: kDefaultPaceMultiplier; a frame leaves in 40 % of the time to the next one. */
const PACE_FACTOR = 2.5;
/** Groups of UDP_SEGMENT are at most so long at the pacing rate ... */
const BURST_US = 5_000;
/** ... and hold a packet at least and eight at most (limits.ts, GSO_SEGMENTS_MAX). */
const BURST_BYTES_MIN = 1_500;
const BURST_BYTES_MAX = 8 * 1_500;
/** A backlog above so much time at the layer's rate is a keyframe: it leaves at what the path is
 * known to take, since a queue for 2.5 times the layer's rate may not exist. */
const KEYFRAME_BACKLOG_US = 100_000;
const KEYFRAME_LAYER_FACTOR = 1.2;
/** But a backlog is never stretched over more than this. */
const BACKLOG_US_MAX = 250_000;

/**
 * Token bucket of one viewer. Audio is never delayed: it is charged and may leave a debt, which
 * video works off.
 */
export class Pacer {
  /** Bits a second. */
  rate = 0;
  private tokens = BURST_BYTES_MIN;
  private refilledAt = Number.NEGATIVE_INFINITY;

  /**
   * `layer`: bits a second of what flows; `estimate`: what the path takes; `backlogBytes`: what
   * waits behind this pacer.
   */
  setRates(now: number, layer: number, estimate: number, backlogBytes: number): void {
    this.refill(now);
    const keyframe = backlogBytes * 8e6 > layer * KEYFRAME_BACKLOG_US;
    const factor = keyframe ? KEYFRAME_LAYER_FACTOR : PACE_FACTOR;
    const drain = (backlogBytes * 8e6) / BACKLOG_US_MAX;
    this.rate = Math.max(layer * factor, estimate, drain);
  }

  /** True when `bytes` of video may leave now, which are then charged. */
  allow(now: number, bytes: number): boolean {
    this.refill(now);
    if (this.tokens <= 0) return false;
    this.tokens -= bytes;
    return true;
  }

  /** Charges what leaves in any case: audio and probes. */
  charge(now: number, bytes: number): void {
    this.refill(now);
    this.tokens = Math.max(this.tokens - bytes, -BURST_BYTES_MAX);
  }

  /** When `allow` says yes again. */
  nextAt(now: number): number {
    if (this.tokens > 0) return now;
    return this.rate === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(now, this.refilledAt + ((1 - this.tokens) * 8e6) / this.rate);
  }

  private refill(now: number): void {
    const elapsed = now - this.refilledAt;
    this.refilledAt = now;
    if (elapsed === Number.POSITIVE_INFINITY) return;
    const burst = Math.min(
      BURST_BYTES_MAX,
      Math.max(BURST_BYTES_MIN, (this.rate * BURST_US) / 8e6),
    );
    this.tokens = Math.min(burst, this.tokens + (elapsed * this.rate) / 8e6);
  }
}
