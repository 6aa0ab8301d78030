/** Bytes that may be sent once more, as a share of those that are sent once: no storm feeds itself. */
const SHARE = 0.25;
/** At once, however little was sent: a lost burst. */
const START_BYTES = 64_000;
const BURST_BYTES_MAX = 160_000;

/** What one child may have repeated of a stream. */
export class FillBudget {
  #bytes = START_BYTES;

  /** Media left for the first time. */
  earn(bytes: number): void {
    this.#bytes = Math.min(BURST_BYTES_MAX, this.#bytes + bytes * SHARE);
  }

  /** Whether so much is left. */
  has(bytes: number): boolean {
    return this.#bytes >= bytes;
  }

  /** Media left once more. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
