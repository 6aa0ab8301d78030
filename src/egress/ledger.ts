import { RECENT_PACKETS } from "../feed/recent.ts";
import { STAGE_PACKETS } from "../limits.ts";

/** Visits between two settlings, about: of audio and spread video there are some 200 a second. */
const ENTRIES = 48;
/**
 * A visit takes two words, or two for each length of header: when it was, and what left:
 *
 *   | keeper | header's bytes (8) | packets (8) | first transport-cc number (16) |
 */
const WORDS = 2;
const FIELD = 0xff;
const PACKETS_SHIFT = 16;
const HEADER_SHIFT = 24;
const KEEPER_SHIFT = 32;
/** What is entered late must still be known of its ring. */
const PACKETS_MAX = RECENT_PACKETS - STAGE_PACKETS;

/** Whose visits wait in the ledger (lane.ts). */
export interface Bookkeeper {
  /** Takes its next packets into the books: so many, from this transport-cc number on. */
  enter(packets: number, transportSequence: number, headerLength: number, now: number): void;
}

/**
 * What has left for one viewer by its fast lanes and is not in the books (estimator, pacer, history,
 * totals) yet. The books are many places in memory, and a viewer is visited seventy times a second: so
 * they are kept once in many visits, and before anybody reads them, in the order in which it left and
 * with its times, so that nobody can tell the difference.
 */
export class Ledger {
  #entered = 0;
  #packets = 0;
  #transportSequence = 0;
  readonly #entries = new Float64Array(ENTRIES * WORDS);
  readonly #keepers: Bookkeeper[] = [];

  /** Returns the number of a keeper's that is new here. */
  add(keeper: Bookkeeper): number {
    return this.#keepers.push(keeper) - 1;
  }

  /** Takes the next transport-cc number: one space for all packets of the session. */
  take(): number {
    const sequence = this.#transportSequence;
    this.#transportSequence = (sequence + 1) & 0xffff;
    return sequence;
  }

  /** Room for a visit of so many packets. Returns the transport-cc number of the first. */
  open(packets: number): number {
    if (this.#entered + packets > ENTRIES || this.#packets > PACKETS_MAX) this.settle();
    return this.#transportSequence;
  }

  /** Since `open` so many packets have left, whose numbers follow each other. */
  post(keeper: number, packets: number, headerLength: number, now: number): void {
    const at = this.#entered * WORDS;
    const first = this.#transportSequence;
    this.#entries[at] = now;
    const rest = (packets << PACKETS_SHIFT) | first;
    this.#entries[at + 1] = keeper * 2 ** KEEPER_SHIFT + headerLength * 2 ** HEADER_SHIFT + rest;
    this.#transportSequence = (first + packets) & 0xffff;
    this.#entered += 1;
    this.#packets += packets;
  }

  /** When the oldest visit was, us; Infinity for none. */
  get since(): number {
    return this.#entered > 0 ? this.#entries[0]! : Number.POSITIVE_INFINITY;
  }

  settle(): void {
    if (this.#entered > 0) this.#settle();
  }

  #settle(): void {
    const entered = this.#entered;
    const entries = this.#entries;
    this.#entered = 0;
    this.#packets = 0;
    for (let at = 0; at < entered * WORDS; at += WORDS) {
      const what = entries[at + 1]!;
      const packets = (what >>> PACKETS_SHIFT) & FIELD;
      const headerLength = (what >>> HEADER_SHIFT) & FIELD;
      const keeper = this.#keepers[Math.floor(what / 2 ** KEEPER_SHIFT)]!;
      keeper.enter(packets, what & 0xffff, headerLength, entries[at]!);
    }
  }
}
