import {
  CATCH_UP_BITS_MIN,
  CATCH_UP_BURST_BYTES,
  CATCH_UP_INTERVAL_US,
  CATCH_UP_RATE,
  CATCH_UP_RATE_LOST,
} from "../limits.ts";

/** In the time between two looks so much more may leave than in one of them: a look may be late. */
const BURST_US = 2 * CATCH_UP_INTERVAL_US;

/** Of so many packets a share says something. */
const ENOUGH = 32;
const LOST_SHARE = 0.2;

/**
 * How fast what lies in one ring leaves for one child: what it begins with, and what it asks for again.
 * A link that carries the ring as its publisher sends it need not carry much more, and what is sent
 * faster only makes its queue long, which all others stand in as well.
 */
export class Pace {
  /** Bits a second as it is sent now; 0 while that is not known. */
  measured = 0;
  /** Bits a second of the group that the child begins with, while that is on its way. */
  group = 0;
  /** What has left is paid for until then, us. */
  #paidAt = Number.NEGATIVE_INFINITY;
  /** Packets of the group that have left, and how many were asked for meanwhile. */
  #left = 0;
  #asked = 0;

  /** The child begins with a group that came at so many bits a second. */
  begin(bits: number): void {
    this.group = bits;
    this.#left = 0;
    this.#asked = 0;
  }

  /** So many packets are asked for again. */
  asked(count: number): void {
    this.#asked += count;
  }

  /** When the next may leave, us; passed: now. */
  get dueAt(): number {
    return this.#paidAt;
  }

  /** So many bytes leave. */
  left(bytes: number, now: number): void {
    const usPerByte = 8e6 / this.bits;
    const burst = Math.max(BURST_US, CATCH_UP_BURST_BYTES * usPerByte);
    this.#left += 1;
    this.#paidAt = Math.max(this.#paidAt, now - burst) + bytes * usPerByte;
  }

  /** Bits a second that leave. */
  get bits(): number {
    return Math.max(CATCH_UP_BITS_MIN, this.#times * Math.max(this.measured, this.group));
  }

  /** The link carries the ring, but not so much more of it, where a large share does not come. */
  get #times(): number {
    const isKnown = this.group > 0 && this.#left >= ENOUGH;
    return isKnown && this.#asked > LOST_SHARE * this.#left ? CATCH_UP_RATE_LOST : CATCH_UP_RATE;
  }
}
