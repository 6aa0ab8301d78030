/** Groups of packets that left within so long are one (draft-ietf-rmcat-gcc-02 5.2). */
const BURST_US = 5_000;
const INTERVAL_US = 500_000;
/** The first estimate comes of so much of what arrived. */
const START_US = 3_000_000;
const GROWTH_PER_SECOND = 1.08;
const BACKOFF = 0.85;
/** What the gradient of the delay adds up to before it counts as over-use. */
const OVERUSE_US = 25_000;

/**
 * The receive-side estimate of older receivers (draft-ietf-rmcat-gcc-02 5, aiortc): by abs-send-time,
 * at most 1.5 x what arrives, 8 % more a second, and 0.85 x what arrives at over-use.
 */
export class RembReceiver {
  private estimate = 0;
  private since = -1;
  private updatedAt = 0;
  private bytes = 0;
  private readonly arrivals: { readonly at: number; readonly bytes: number }[] = [];
  private lastSent = -1;
  private lastArrival = 0;
  private queueUs = 0;
  private overused = false;

  receive(now: number, sendTime: number, bytes: number): void {
    if (this.since < 0) this.since = now;
    this.arrivals.push({ at: now, bytes });
    this.bytes += bytes;
    while (now - this.arrivals[0]!.at > 1e6) this.bytes -= this.arrivals.shift()!.bytes;
    const before = this.lastSent;
    const sentUs = ((((sendTime - before) << 8) >> 8) * 1e6) / 2 ** 18;
    if (before >= 0 && sentUs < BURST_US) return;
    if (before >= 0) {
      const gradient = now - this.lastArrival - sentUs;
      this.queueUs = Math.max(0, this.queueUs * 0.95 + gradient);
      if (this.queueUs > OVERUSE_US) this.overused = true;
    }
    this.lastSent = sendTime;
    this.lastArrival = now;
  }

  /** Bits a second to send now; 0 for nothing. */
  take(now: number): number {
    if (this.since < 0 || (!this.overused && now - this.updatedAt < INTERVAL_US)) return 0;
    if (now - this.updatedAt < INTERVAL_US / 5) return 0;
    const arrives = this.bytes * 8;
    const elapsed = Math.min(1e6, now - this.updatedAt);
    this.updatedAt = now;
    if (this.estimate === 0 && !this.overused && now - this.since < START_US) return 0;
    if (this.estimate === 0) this.estimate = arrives;
    if (this.overused) this.estimate = arrives * BACKOFF;
    else this.estimate *= GROWTH_PER_SECOND ** (elapsed / 1e6);
    if (this.overused) this.queueUs = 0;
    this.overused = false;
    this.estimate = Math.min(this.estimate, Math.max(10_000, 1.5 * arrives));
    return Math.round(this.estimate);
  }
}
