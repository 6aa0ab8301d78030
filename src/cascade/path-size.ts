/**
 * Bytes of frames in one datagram, each with what has room for it: SRTP adds 28, UDP 8, IP 20 or 40. The
 * first fits where IPv6 does (1,280 bytes), 1,344 into a WireGuard tunnel over Ethernet, the last two into
 * Ethernet by IPv6 and by IPv4.
 */
const SIZES: readonly number[] = [1_200, 1_272, 1_344, 1_404, 1_424, 1_444];

/** What every path takes, and what none takes more than. */
export const LINK_PAYLOAD_MIN = SIZES[0]!;
export const LINK_PAYLOAD_MAX = SIZES.at(-1)!;

/** So many probes of one size in a row are lost by no chance: at 10 % loss one in 4,000 times. */
const TRIES = 5;
/** Of which answers are awaited: all of the last seconds. */
const MARKS_MAX = 64;
/** An answer is waited for so long, or three round trips. */
const ANSWER_MIN_US = 60_000;
/** Where more than the least is in use it is tried so often whether that still passes ... */
const CONFIRM_US = 1_000_000;
/** ... where some of it was missed not sooner after it was tried last ... */
const DOUBTED_US = 200_000;
/** ... and so often whether more does. */
const RAISE_US = 600_000_000;

/** What a path takes, as the output uses it. */
export interface DatagramSize {
  /** Bytes of frames at most. */
  readonly bytes: number;
  /** More than the least left since that was last found to pass. */
  used: boolean;
  /** Some of that was asked for again. */
  doubt(now: number): void;
}

/**
 * How much of a link goes into one datagram, by probes (RFC 8899): no router is believed, and nothing
 * but a probe that is lost, while what is short comes through, makes it less. Begins with what every
 * path takes, and goes up a step at each answer.
 */
export class PathSize implements DatagramSize {
  bytes = LINK_PAYLOAD_MIN;
  used = false;
  #found = LINK_PAYLOAD_MIN;
  /** The size that is tried; null between. */
  #trying: number | null = null;
  #lost = 0;
  /** Marks of its probes, and of what short was sent beside them: answers may be later than is waited for. */
  readonly #marks: number[] = [];
  readonly #besides: number[] = [];
  /** A short one was answered since the last probe: the path is there. */
  #passes = false;
  #dueAt: number;
  /** A size was tried, to an end. */
  #settledAt = Number.NEGATIVE_INFINITY;
  #raiseAt: number;

  constructor(now: number) {
    this.#dueAt = now;
    this.#raiseAt = now;
  }

  /** What was found to pass; in doubt less is used. */
  get found(): number {
    return this.#found;
  }

  /** Bytes of frames that a probe is to have now; null for none. Then `sent`. */
  poll(now: number, roundTripUs: number): number | null {
    if (now < this.#dueAt) return null;
    if (this.#trying !== null) this.#missed(now);
    this.#trying ??= this.#next(now);
    this.#dueAt = now + (this.#trying === null ? CONFIRM_US : patience(roundTripUs));
    return this.#trying;
  }

  doubt(now: number): void {
    const lately = now - this.#settledAt < DOUBTED_US;
    if (lately || this.#trying !== null || this.#found === LINK_PAYLOAD_MIN) return;
    // Until a probe of it is answered: what is lost by its length is lost as long as nobody knows.
    this.bytes = LINK_PAYLOAD_MIN;
    this.#dueAt = now;
  }

  /** The probe left, and something short beside it; both are told apart by their marks. */
  sent(mark: number, beside: number): void {
    if (this.#marks.length === MARKS_MAX) {
      this.#marks.shift();
      this.#besides.shift();
    }
    this.#marks.push(mark);
    this.#besides.push(beside);
    this.#passes = false;
  }

  /** What has this mark was answered. */
  answered(mark: number, now: number): void {
    if (this.#besides.includes(mark)) this.#passes = true;
    if (this.#trying === null || !this.#marks.includes(mark)) return;
    const isHigher = this.#trying > this.#found;
    this.#found = this.#trying;
    this.#settle(now);
    this.#dueAt = isHigher && this.#found < LINK_PAYLOAD_MAX ? now : now + CONFIRM_US;
  }

  nextTimeout(): number {
    return this.#dueAt;
  }

  /** The last probe was not answered in time. */
  #missed(now: number): void {
    if (this.#passes) this.#lost += 1;
    if (this.#lost < TRIES) return;
    // What is in use does not pass any more: the path is another one.
    if (this.#trying === this.#found) {
      this.#found = LINK_PAYLOAD_MIN;
      this.#raiseAt = now;
    } else this.#raiseAt = now + RAISE_US;
    this.#settle(now);
  }

  #next(now: number): number | null {
    const higher = SIZES.find((each) => each > this.#found);
    const isDoubted = this.bytes < this.#found;
    if (higher !== undefined && now >= this.#raiseAt && !isDoubted) return higher;
    return isDoubted || (this.used && this.#found > LINK_PAYLOAD_MIN) ? this.#found : null;
  }

  #settle(now: number): void {
    this.#settledAt = now;
    this.bytes = this.#found;
    this.#trying = null;
    this.#lost = 0;
    this.#marks.length = 0;
    this.#besides.length = 0;
    this.used = false;
  }
}

function patience(roundTripUs: number): number {
  return Math.max(ANSWER_MIN_US, 3 * roundTripUs);
}
