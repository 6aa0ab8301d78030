import { MeanDeviation } from "../media/mean-deviation.ts";

/** Round trips that are remembered: the shortest says most of the way itself. */
const SAMPLES = 8;
const PING_US = 1_000_000;
/** Until the way of the link is known. */
const PING_FIRST_US = 50_000;
/** One that was not answered is followed by another: a lost datagram is no lost link. */
const PING_AGAIN_US = 150_000;
/** Before the first. */
const ROUND_TRIP_UNKNOWN_US = 100_000;
/** For no answer is waited longer: what is missing is worth less from then on. */
const REPEAT_MAX_US = 400_000;

/** How long a link takes, by PING and PONG on one clock: no two clocks are ever compared. */
export class LinkTime {
  /** When the next PING is. */
  dueAt = 0;
  readonly #samples: number[] = [];
  /** Until something that was asked for came, queues and all. */
  readonly #answers = new MeanDeviation();
  /** When the first PING left of those without an answer, and how many those are. */
  #askedAt = 0;
  #unanswered = 0;
  /** When the newest PING left that was answered. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  #newest: number | null = null;
  #shortest = ROUND_TRIP_UNKNOWN_US;

  /**
   * The answer to a PING of `sentAt` came at `now`; the other end held it for `heldUs`. False of one that
   * says nothing new: it came before, or the answer to a later PING did.
   */
  note(sentAt: number, heldUs: number, now: number): boolean {
    if (sentAt <= this.#answeredAt || sentAt > now) return false;
    this.#answeredAt = sentAt;
    this.dueAt = sentAt + PING_US;
    this.#unanswered = 0;
    const roundTrip = now - sentAt - heldUs;
    if (roundTrip < 0) return true;
    if (this.#samples.length === SAMPLES) this.#samples.shift();
    this.#samples.push(roundTrip);
    this.#answers.note(roundTrip);
    this.#newest = roundTrip;
    this.#shortest = Math.min(...this.#samples);
    return true;
  }

  /** So long after it was asked for, and but once, something came: Karn's rule (RFC 6298, 3). */
  noteAnswer(us: number): void {
    // Sooner than anything can be there: it was on its way by itself.
    if (us < this.#shortest) return;
    this.#answers.note(us);
  }

  /** A PING left. */
  asked(now: number): void {
    if (this.#unanswered === 0) this.#askedAt = now;
    this.#unanswered += 1;
    this.dueAt = now + (this.known ? Math.max(PING_AGAIN_US, 2 * this.roundTripUs) : PING_FIRST_US);
  }

  /** PINGs that left since one was answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** When the first of those left. */
  get askedAt(): number {
    return this.#askedAt;
  }

  unansweredUs(now: number): number {
    return this.#unanswered === 0 ? 0 : now - this.#askedAt;
  }

  /** The shortest of late, us. */
  get roundTripUs(): number {
    return this.#shortest;
  }

  /** The newest, us: what is longer than the shortest stands in queues. */
  get newestUs(): number {
    return this.#newest ?? ROUND_TRIP_UNKNOWN_US;
  }

  /**
   * What was asked for and has not come by then is asked for again, us: the other end's answer may stand in
   * a queue (RFC 6298, 2.3), and is no sooner there for being asked twice.
   */
  get repeatUs(): number {
    return this.#answers.known ? Math.min(REPEAT_MAX_US, this.#answers.most) : this.roundTripUs;
  }

  /** One way, as half of the shortest; 0 before the first. */
  get oneWayUs(): number {
    return this.#newest === null ? 0 : this.roundTripUs / 2;
  }

  get known(): boolean {
    return this.#newest !== null;
  }
}
