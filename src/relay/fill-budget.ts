/** Bytes that may be sent once more, as a share of those that come: no storm feeds itself. */
const SHARE = 0.25;
/** At once, however little has come: a lost burst. */
const START_BYTES = 64_000;
const BURST_BYTES_MAX = 160_000;

/** What one child may have repeated of a stream. */
export class FillBudget {
  #bytes = START_BYTES;

  /** So much media has come. */
  earn(bytes: number): void {
    this.#bytes = Math.min(BURST_BYTES_MAX, this.#bytes + bytes * SHARE);
  }

  /** Whether so much is left. */
  has(bytes: number): boolean {
    return this.#bytes >= bytes;
  }

  /** So much left once more. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
