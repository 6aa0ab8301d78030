/** A REMB as low as this multiple of what we send may only mean that we send no more: receivers
 * bound it by 1.5 x what they receive (draft-ietf-rmcat-gcc-02 5.5). */
const HEADROOM = 1.35;
/** ... and where more begins to flow it takes seconds to follow, by some 8 % each: as long as it rises
 * from where it was no bound, it is none. */
const RISING = 1.005;
/** It counts for so long; receivers repeat it each second. */
const AGE_MAX_US = 5_000_000;

/** What a receiver's own estimate allows. */
export class RembBound {
  /** Bits a second; Infinity for no bound. */
  bitrate = Number.POSITIVE_INFINITY;
  #last = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** A REMB came while `sendRate` leaves. */
  note(now: number, bitrate: number, sendRate: number): void {
    const follows = this.#last * RISING < bitrate && this.bitrate === Number.POSITIVE_INFINITY;
    const free = sendRate > 0 && (bitrate >= sendRate * HEADROOM || (this.#last > 0 && follows));
    this.#at = now;
    this.#last = bitrate;
    this.bitrate = free ? Number.POSITIVE_INFINITY : bitrate;
  }

  clear(): void {
    this.bitrate = Number.POSITIVE_INFINITY;
  }

  expire(now: number): void {
    if (now - this.#at >= AGE_MAX_US) this.clear();
  }

  /** When it expires, us; Infinity without a bound. */
  nextTimeout(): number {
    return this.bitrate === Number.POSITIVE_INFINITY ? this.bitrate : this.#at + AGE_MAX_US;
  }
}
