const WINDOW_US = 1_000_000;
/** Longer without a packet and the old rate means nothing. */
const STALE_US = 5_000_000;

/** Bits a second over the last second, from a running total of bytes. */
export class TotalRate {
  bitsPerSecond = 0;
  private bytes = 0;
  private since = 0;

  /** Whether `advance` has something to do. */
  due(now: number): boolean {
    return now - this.since >= WINDOW_US;
  }

  advance(totalBytes: number, now: number): void {
    if (!this.due(now)) return;
    const elapsed = now - this.since;
    this.bitsPerSecond = elapsed > STALE_US ? 0 : ((totalBytes - this.bytes) * 8e6) / elapsed;
    this.bytes = totalBytes;
    this.since = now;
  }
}
