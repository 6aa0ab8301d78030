import { assert } from "../assert.ts";

/** Numbers that are remembered: late packets and repairs reach back this far. */
const WINDOW = 2048;
const WORDS = WINDOW / 32;

/**
 * Which numbers of a growing line (origin sequences, VP8 picture ids) were dropped on purpose, so
 * that the others can be counted without gaps: a number leaves as itself minus the dropped ones
 * before it. What is decided stays decided: only numbers beyond all earlier ones can be dropped, a
 * number that is jumped over keeps its place, and so a late packet finds the place that waits for it.
 *
 * Numbers are int32 and wrap. It holds a bit a number over the last 2,048, and a count a word.
 */
export class DroppedNumbers {
  readonly #bits = new Uint32Array(WORDS);
  /** Dropped numbers before each word's first, since the start. */
  readonly #counts = new Float64Array(WORDS);
  #start = 0;
  /** Distance from the start of the first number that is not decided. */
  #next = 0;
  #dropped = 0;

  /** Forgets everything; `start` is the first number of the line. */
  reset(start: number): void {
    this.#start = start;
    this.#next = 0;
    this.#dropped = 0;
    this.#bits[0] = 0;
    this.#counts[0] = 0;
  }

  /** The first number that is not decided yet. */
  get next(): number {
    return (this.#start + this.#next) | 0;
  }

  /** How many were dropped since the start. */
  get total(): number {
    return this.#dropped;
  }

  /** True while a number lies beyond all that is decided. */
  undecided(number: number): boolean {
    return this.#ahead(number) >= 0;
  }

  /** Keeps all undecided numbers up to and including `number`. */
  keep(number: number): void {
    const ahead = this.#ahead(number);
    if (ahead < 0) return;
    this.#advance(this.#next + ahead + 1);
  }

  /** Drops `number`, which must be undecided; those jumped over are kept. */
  drop(number: number): void {
    const ahead = this.#ahead(number);
    assert(ahead >= 0, "only what is undecided can be dropped");
    this.#advance(this.#next + ahead + 1);
    const at = this.#next - 1;
    this.#bits[wordOf(at) % WORDS] = this.#bits[wordOf(at) % WORDS]! | (1 << (at & 31));
    this.#dropped += 1;
  }

  /** Drops all undecided numbers up to and including `number`. */
  dropThrough(number: number): void {
    for (let left = this.#ahead(number); left >= 0; left -= 1) this.drop(this.next);
  }

  isDropped(number: number): boolean {
    const at = this.#next + this.#ahead(number);
    if (at >= this.#next || !this.#remembers(at)) return false;
    return ((this.#bits[wordOf(at) % WORDS]! >>> (at & 31)) & 1) === 1;
  }

  /**
   * Place of a number among the kept ones, 0 for the first since the start; of an undecided number
   * as if everything up to it were kept. -1 when it lies before the start or is forgotten.
   */
  placeOf(number: number): number {
    const at = this.#next + this.#ahead(number);
    if (at >= this.#next) return at - this.#dropped;
    if (!this.#remembers(at)) return -1;
    const word = wordOf(at) % WORDS;
    const below = this.#bits[word]! & ((1 << (at & 31)) - 1);
    return at - this.#counts[word]! - ones(below);
  }

  /** The number that stands at a place among the kept ones; null when it is forgotten. */
  numberAt(place: number): number | null {
    if (place < 0) return null;
    // Beyond what is decided nothing is dropped.
    if (place >= this.#next - this.#dropped) return (this.#start + place + this.#dropped) | 0;
    const newest = wordOf(this.#next - 1);
    for (let word = newest; word >= 0 && word > newest - WORDS; word -= 1) {
      const first = word * 32;
      let left = place - (first - this.#counts[word % WORDS]!);
      if (left < 0) continue;
      const bits = this.#bits[word % WORDS]!;
      for (let bit = 0; bit < 32; bit += 1) {
        if (((bits >>> bit) & 1) === 1) continue;
        if (left === 0) return (this.#start + first + bit) | 0;
        left -= 1;
      }
    }
    return null;
  }

  #ahead(number: number): number {
    return (number - this.next) | 0;
  }

  /** Whether the word of a distance is still held. */
  #remembers(at: number): boolean {
    return at >= 0 && wordOf(at) > wordOf(this.#next - 1) - WORDS;
  }

  /** Opens the words up to a distance: nothing is dropped in them yet. */
  #advance(end: number): void {
    let word = Math.max(0, wordOf(this.#next - 1));
    const last = wordOf(end - 1);
    if (last - word > WORDS) word = last - WORDS;
    while (word < last) {
      word += 1;
      this.#bits[word % WORDS] = 0;
      this.#counts[word % WORDS] = this.#dropped;
    }
    this.#next = end;
  }
}

/** Distances outgrow 32 bits in a session of weeks: no shifts. */
function wordOf(at: number): number {
  return Math.floor(at / 32);
}

/** Bits set in a word. */
function ones(word: number): number {
  let value = word - ((word >>> 1) & 0x55555555);
  value = (value & 0x33333333) + ((value >>> 2) & 0x33333333);
  return Math.imul((value + (value >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
