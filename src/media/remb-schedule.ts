/** libwebrtc's receiver repeats it once a second; a sender drops it when it grows old. */
const INTERVAL_US = 1_000_000;
/** ... and a lower value does not wait longer than this. */
const URGENT_US = 200_000;

/**
 * When to tell a publisher its maximum bit rate (REMB). The value is the maximum itself: without
 * transport-cc it lifts a browser to full rate at once, and losses bring it down, since the sender
 * reads them in our receiver reports; with transport-cc it is an upper bound of its own estimate.
 */
export class RembSchedule {
  #lastSent = Number.NEGATIVE_INFINITY;
  #trackCount = 0;

  constructor(
    /** Bits a second, over all tracks of the session. */
    public bitrate: number,
  ) {}

  /** From now on another bit rate: told at once when it is a lower one, unless that was just said. */
  ask(now: number, bitrate: number): void {
    const urgent = bitrate < this.bitrate && now - this.#lastSent >= URGENT_US;
    this.bitrate = bitrate;
    if (urgent) this.#lastSent = Number.NEGATIVE_INFINITY;
  }

  nextTimeout(trackCount: number): number {
    if (trackCount === 0) return Number.POSITIVE_INFINITY;
    return trackCount === this.#trackCount ? this.#lastSent + INTERVAL_US : this.#lastSent;
  }

  /** True once for each REMB to send now: each second, and at once when a track is new. */
  take(now: number, trackCount: number): boolean {
    if (now < this.nextTimeout(trackCount)) return false;
    this.#lastSent = now;
    this.#trackCount = trackCount;
    return true;
  }
}
