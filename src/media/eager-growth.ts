/** Twice as much each second: six layers of 100 kb/s to 3 Mb/s in five seconds. */
const GROWTH_PER_SECOND = 2;
const STEP_MAX_US = 200_000;
/** Nothing grows without a word from the receiver for so long: reports come each 5 s at least
 * (RFC 3550 6.2), and one of them may be lost. */
const EVIDENCE_MAX_US = 11_000_000;
/** ... and the first one comes within this: until then a receiver that misses nothing says nothing. */
const FIRST_WORD_US = 5_000_000;
/** Where more has begun to flow nothing grows for so long: a queue of 300 ms that half as much again
 * fills overflows after 0.6 s, and the NACKs take a moment. */
const SETTLE_US = 1_000_000;
const MORE = 1.1;
/** A receiver's bandwidth estimate (REMB) below what is sent is no sign while it rises: it follows
 * what arrives by some 8 % a second (draft-ietf-rmcat-gcc-02 5.5). */
const RISING = 1.005;
const FALLING = 0.97;
const REMB_LOW = 0.8;
/** A join's backlog comes as a burst, which a receiver's estimator takes for over-use. */
const REMB_FROM_US = 3_000_000;
/** Packets asked again of those sent within the window, beyond which the path is too full. */
const NACK_WINDOW_US = 500_000;
const NACKED_MIN = 8;
const NACKED_SHARE = 0.12;
const NACKED_SHARE_LATER = 0.16;
const SIGN_AGAIN_US = 2_500_000;
/** draft-ietf-rmcat-gcc-02 6: above the first share of loss a report lets nothing grow until the next
 * one, and above the second the path is full, as with a queue like this. */
const LOSS_LOW = 0.02;
const LOSS_HIGH = 0.1;
const QUEUE_US = 80_000;

/**
 * The start of a viewer without transport-cc: its reports come too seldom to grow by each, so the
 * rate grows by time until the first sign that the path is full: loss, NACKs, a queue, or an estimate
 * of the receiver's that falls below what is sent. Afterwards the reports alone drive it.
 */
export class EagerGrowth {
  /** No sign so far. Off until it is known that no transport feedback will come. */
  on = false;
  /** The receiver has said something since this was last looked at. */
  #heard = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  #grownAt = -1;
  #startedAt = 0;
  /** What it would be of use to grow to, and until when that waits. */
  #ceiling = 0;
  #settlesAt = 0;
  #remb = 0;
  #roundTripMin = Number.POSITIVE_INFINITY;
  #windowEnds = Number.NEGATIVE_INFINITY;
  #sent = 0;
  #nacked = 0;

  notePacketSent(): void {
    this.#sent += 1;
  }

  /** The rate at `now`, up to `ceiling`. Call at `nextTimeout`. */
  grow(now: number, bitrate: number, ceiling: number): number {
    if (this.#grownAt < 0) this.#startedAt = now;
    if (this.#grownAt < 0) this.#heardAt = now + FIRST_WORD_US - EVIDENCE_MAX_US;
    if (this.#heard) this.#heardAt = now;
    this.#heard = false;
    if (ceiling > this.#ceiling * MORE) this.#settlesAt = now + SETTLE_US;
    this.#ceiling = ceiling;
    const elapsed = Math.min(now - this.#grownAt, STEP_MAX_US);
    this.#grownAt = now;
    if (!this.on || now - this.#heardAt > EVIDENCE_MAX_US || now < this.#settlesAt) return bitrate;
    const next = bitrate * GROWTH_PER_SECOND ** (elapsed / 1e6);
    return Math.max(bitrate, Math.min(next, ceiling));
  }

  /** us; Infinity for never. */
  nextTimeout(): number {
    return this.on ? this.#grownAt + STEP_MAX_US / 2 : Number.POSITIVE_INFINITY;
  }

  /** A receiver report, with the round trip that it shows (us). True when it is the first sign. */
  noteReport(fractionLost: number, roundTripUs: number | null): boolean {
    this.#heard = fractionLost <= LOSS_LOW;
    if (!this.#heard) this.#heardAt = Number.NEGATIVE_INFINITY;
    if (roundTripUs !== null) this.#roundTripMin = Math.min(this.#roundTripMin, roundTripUs);
    const queue = roundTripUs === null ? 0 : roundTripUs - this.#roundTripMin;
    return this.#sign(fractionLost > LOSS_HIGH || queue > QUEUE_US);
  }

  /** A NACK names so many packets. The share lost when it is a sign, the first or another; else 0. */
  noteNack(now: number, packets: number): number {
    if (now > this.#windowEnds) {
      this.#windowEnds = now + NACK_WINDOW_US;
      this.#nacked = 0;
      // What was lost left before this: the packets of about a round trip count, too.
      this.#sent = Math.min(this.#sent, NACKED_MIN / NACKED_SHARE);
    }
    this.#nacked += packets;
    const share = this.#nacked / Math.max(1, this.#sent);
    if (this.#nacked < NACKED_MIN || share <= (this.on ? NACKED_SHARE : NACKED_SHARE_LATER))
      return 0;
    this.on = false;
    // What is on its way, and the queue, say the same for a while.
    this.#windowEnds = now + SIGN_AGAIN_US;
    this.#sent = Number.MAX_SAFE_INTEGER;
    return Math.min(0.5, share);
  }

  /** An estimate of the receiver's while `sendRate` leaves. True when it is the first sign. */
  noteRemb(now: number, bitrate: number, sendRate: number): boolean {
    const before = this.#remb;
    this.#remb = bitrate;
    this.#heard = true;
    if (this.#grownAt < 0 || now - this.#startedAt < REMB_FROM_US) return false;
    const falls = before > 0 && bitrate < before * FALLING;
    const stays = bitrate < sendRate * REMB_LOW && bitrate < before * RISING;
    const low = before === 0 && bitrate < sendRate * REMB_LOW;
    return this.#sign(bitrate < sendRate && (falls || stays || low));
  }

  #sign(seen: boolean): boolean {
    const first = this.on && seen;
    if (first) this.on = false;
    return first;
  }
}
