/** libwebrtc's receiver repeats it once a second; a sender drops it when it grows old. */
const INTERVAL_US = 1_000_000;
/** ... and a lower value does not wait longer than this. */
const URGENT_US = 200_000;

/**
 * When to tell a publisher its maximum bit rate (REMB). The value is the maximum itself: without
 * transport-cc it lifts a browser to full rate at once, and losses bring it down, since the sender
 * reads them in our receiver reports; with transport-cc it is an upper bound of its own estimate.
 */
export class RembSource {
  #lastSent = Number.NEGATIVE_INFINITY;
  #sourceCount = 0;

  constructor(
    /** Bits a second, over all sources of the session. */
    public bitrate: number,
  ) {}

  /** From now on another bit rate: told at once when it is a lower one, unless that was just said. */
  ask(now: number, bitrate: number): void {
    const urgent = bitrate < this.bitrate && now - this.#lastSent >= URGENT_US;
    this.bitrate = bitrate;
    if (urgent) this.#lastSent = Number.NEGATIVE_INFINITY;
  }

  nextTimeout(sourceCount: number): number {
    if (sourceCount === 0) return Number.POSITIVE_INFINITY;
    return sourceCount === this.#sourceCount ? this.#lastSent + INTERVAL_US : this.#lastSent;
  }

  /** True once for each REMB to send now: each second, and at once when a source is new. */
  take(now: number, sourceCount: number): boolean {
    if (now < this.nextTimeout(sourceCount)) return false;
    this.#lastSent = now;
    this.#sourceCount = sourceCount;
    return true;
  }
}
