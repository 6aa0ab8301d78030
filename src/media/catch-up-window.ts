/** What a join sends before it has heard of its path: a keyframe of HD video, or the third of a second
 * that a home's queue holds at 2 Mb/s. */
const FIRST_BYTES = 80_000;
/** The window grows by what arrives (slow start, RFC 5681 3.1) while the queue is no longer than
 * this, and shrinks by half of that beyond the second bound. */
const GROW_QUEUE_US = 30_000;
const SHRINK_QUEUE_US = 150_000;
const WINDOW_MIN = 20_000;
/** A path too slow for the stream is never caught up with: then media leaves as it comes. */
const LASTS_US = 6_000_000;
/** No word of what is under way for so long: the feedback was lost, or there is none. */
const SILENCE_US = 500_000;

/**
 * How much of a join's backlog (the time since the cached keyframe) may be under way: clocked by
 * feedback like a bulk transfer's, so that a path that carries the stream, but not a second of it at
 * once, loses nothing of it.
 */
export class CatchUpWindow {
  private window = FIRST_BYTES;
  private heardAt = Number.NEGATIVE_INFINITY;
  private endsAt = Number.POSITIVE_INFINITY;

  /** A join begins to catch up. */
  begin(now: number): void {
    this.window = FIRST_BYTES;
    this.heardAt = now;
    this.endsAt = now + LASTS_US;
  }

  /** Feedback speaks of so many bytes for the first time, arrived or lost; `queueUs`: on the path. */
  noteReported(now: number, bytes: number, queueUs: number): void {
    this.heardAt = now;
    if (queueUs < GROW_QUEUE_US) this.window += bytes;
    else if (queueUs > SHRINK_QUEUE_US) {
      this.window = Math.max(WINDOW_MIN, this.window - bytes / 2);
    }
  }

  /** `inFlight`: bytes that nothing has been heard of. What a lost feedback would have told of stays
   * among them for a while; the queue is the shorter then, and the window grows instead. */
  mayLeave(now: number, inFlight: number): boolean {
    return inFlight < this.window || now - this.heardAt > SILENCE_US || now > this.endsAt;
  }
}
