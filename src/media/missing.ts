import { NACK_AGE_MAX_US } from "../limits.ts";

/** Holes that one ring can have at once: a quarter of a second at 2,000 packets a second. */
const MISSING_MAX = 512;
const TRIES = 10;
/** Reordering on real paths is mostly shorter than this. */
const REORDER_WAIT_MIN_US = 5_000;
const REORDER_WAIT_MAX_US = 20_000;
const INTERVAL_MIN_US = 20_000;
/**
 * A hole in front of a newer keyframe is still worth filling while jitter buffers may hold the
 * frames around it: without this, each keyframe would give up all holes of the last round trip.
 */
const USELESS_AFTER_US = 150_000;

/**
 * The holes of one ring: what to ask the sender for (RFC 4585 6.2.1), and when to give up. A table
 * of fixed size in rising order; the oldest hole makes room for a newer one.
 */
export class MissingPackets {
  /** Holes given up: packets that never came. */
  lost = 0;
  #count = 0;
  #next = Number.POSITIVE_INFINITY;
  #uselessBefore = 0;
  #hasKeyframe = false;
  readonly #sequence = new Int32Array(MISSING_MAX);
  readonly #since = new Float64Array(MISSING_MAX);
  readonly #askAt = new Float64Array(MISSING_MAX);
  readonly #askedAt = new Float64Array(MISSING_MAX);
  readonly #tries = new Uint8Array(MISSING_MAX);
  /** Whom it was asked of last. */
  readonly #of = new Float64Array(MISSING_MAX);
  readonly #columns = [
    ...[this.#sequence, this.#since, this.#askAt],
    ...[this.#askedAt, this.#tries, this.#of],
  ];

  /**
   * `ageMaxUs`: a hole is given up after so long. `rarelyUs`: after TRIES in vain it is asked for so
   * often, of somebody who may miss it himself so far; without, no more.
   */
  constructor(
    private readonly ageMaxUs = NACK_AGE_MAX_US,
    private readonly rarelyUs = Number.POSITIVE_INFINITY,
  ) {}

  get size(): number {
    return this.#count;
  }

  /** The hole farthest back; null for none. */
  get oldest(): number | null {
    return this.#count === 0 ? null : this.#sequence[0]!;
  }

  /** Notes that `from` .. `to - 1` (origin sequences, above all noted so far) did not come yet. */
  addGap(now: number, from: number, to: number, roundTripUs: number): void {
    let gap = (to - from) | 0;
    if (gap > MISSING_MAX) {
      this.lost += gap - MISSING_MAX;
      gap = MISSING_MAX;
    }
    const surplus = this.#count + gap - MISSING_MAX;
    if (surplus > 0) this.#giveUpOldest(surplus);
    this.#note(now, this.#count, to, gap, roundTripUs);
  }

  /** As `addGap`, of sequences below all noted so far: what came first was not what was sent first. */
  addBelow(now: number, from: number, to: number, roundTripUs: number): void {
    const gap = Math.min((to - from) | 0, MISSING_MAX - this.#count);
    if (gap <= 0) return;
    for (const column of this.#columns) column.copyWithin(gap, 0, this.#count);
    this.#note(now, 0, to, gap, roundTripUs);
  }

  /**
   * A packet came. Returns -1 when it was not missing, 0 when it was but tells nothing of the round
   * trip, else the microseconds since it was asked for (only ever once: Karn's rule).
   */
  fill(now: number, sequence: number): number {
    const at = this.#find(sequence);
    if (at < 0) return -1;
    const sample = this.#tries[at] === 1 ? Math.max(1, now - this.#askedAt[at]!) : 0;
    this.#remove(at, at + 1);
    return sample;
  }

  /** True when `sequence` is missing and was asked for already. */
  asked(sequence: number): boolean {
    const at = this.#find(sequence);
    return at >= 0 && this.#tries[at]! > 0;
  }

  /**
   * The microseconds since what is missing was asked for, of whoever `of` is, and of nobody before; 0 for
   * anything else.
   */
  answerUs(now: number, sequence: number, of: number): number {
    const at = this.#find(sequence);
    if (at < 0 || this.#tries[at] !== 1 || this.#of[at] !== of) return 0;
    return Math.max(1, now - this.#askedAt[at]!);
  }

  /** A keyframe begins at or after `sequence`: older holes are soon of no use. */
  keyframe(sequence: number): void {
    if (this.#hasKeyframe && ((sequence - this.#uselessBefore) | 0) < 0) return;
    this.#hasKeyframe = true;
    this.#uselessBefore = sequence;
  }

  /** Forgets all holes, as lost: their numbering is over. */
  clear(): void {
    this.lost += this.#count;
    this.#count = 0;
    this.#hasKeyframe = false;
    this.#next = Number.POSITIVE_INFINITY;
  }

  /**
   * Holes that are as old as `since` or older, where no packet has merely overtaken another, and not
   * older than `from`.
   */
  openSince(since: number, from = Number.NEGATIVE_INFINITY): number {
    let count = 0;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#since[i]! <= since && this.#since[i]! >= from) count += 1;
    }
    return count;
  }

  /** When `collect` has something to do. */
  nextTimeout(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#next;
  }

  /**
   * Gives up what is too old, then writes the origin sequences to ask for now, in rising order.
   * Returns how many; 0 with an empty `out`, which only gives up. `repeatUs`: they are asked for again
   * after so long; `of`: the number of whoever is asked, where there are several.
   */
  collect(now: number, repeatUs: number, out: Int32Array, of = 0): number {
    this.#expire(now);
    const interval = Math.max(INTERVAL_MIN_US, repeatUs);
    const rarely = Math.max(this.rarelyUs, interval);
    let next = Number.POSITIVE_INFINITY;
    let asked = 0;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#askAt[i]! <= now && asked < out.length) {
        out[asked] = this.#sequence[i]!;
        asked += 1;
        this.#tries[i] = this.#tries[i]! + 1;
        this.#askedAt[i] = now;
        this.#of[i] = of;
        this.#askAt[i] = now + (this.#tries[i]! < TRIES ? interval : rarely);
      }
      const lostAt = this.#since[i]! + this.ageMaxUs;
      next = Math.min(next, out.length > 0 ? Math.min(this.#askAt[i]!, lostAt) : lostAt);
    }
    this.#next = next;
    return asked;
  }

  /** Of what was written by `collect` at `now` that which had been asked for before. Returns how many. */
  collectedAgain(now: number, out: Int32Array): number {
    let again = 0;
    for (let i = 0; i < this.#count && again < out.length; i += 1) {
      if (this.#askedAt[i] !== now || this.#tries[i]! < 2) continue;
      out[again] = this.#sequence[i]!;
      again += 1;
    }
    return again;
  }

  /** The `gap` sequences before `to`, from this place on. */
  #note(now: number, place: number, to: number, gap: number, roundTripUs: number): void {
    const wait = Math.min(REORDER_WAIT_MAX_US, Math.max(REORDER_WAIT_MIN_US, roundTripUs / 4));
    for (let i = 0; i < gap; i += 1) {
      const at = place + i;
      this.#sequence[at] = (to - gap + i) | 0;
      this.#since[at] = now;
      this.#askAt[at] = now + wait;
      this.#askedAt[at] = 0;
      this.#tries[at] = 0;
      this.#of[at] = 0;
    }
    this.#count += gap;
    if (now + wait < this.#next) this.#next = now + wait;
  }

  #expire(now: number): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const age = now - this.#since[i]!;
      const useless = this.#hasKeyframe && ((this.#sequence[i]! - this.#uselessBefore) | 0) < 0;
      if (age >= this.ageMaxUs || (useless && age >= USELESS_AFTER_US)) {
        this.lost += 1;
        continue;
      }
      if (kept !== i) this.#move(i, kept);
      kept += 1;
    }
    this.#count = kept;
  }

  #move(from: number, to: number): void {
    this.#sequence[to] = this.#sequence[from]!;
    this.#since[to] = this.#since[from]!;
    this.#askAt[to] = this.#askAt[from]!;
    this.#askedAt[to] = this.#askedAt[from]!;
    this.#tries[to] = this.#tries[from]!;
    this.#of[to] = this.#of[from]!;
  }

  #giveUpOldest(count: number): void {
    this.lost += count;
    this.#remove(0, count);
  }

  #remove(from: number, to: number): void {
    for (const column of this.#columns) column.copyWithin(from, to, this.#count);
    this.#count -= to - from;
  }

  /** Index of a hole by bisection, or -1. */
  #find(sequence: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = (this.#sequence[middle]! - sequence) | 0;
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }
}
