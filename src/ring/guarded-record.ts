/**
 * A record of a ring's header whose words belong together: one thread writes it, any thread reads it,
 * nobody waits. Its guard is odd while the record is being written, and another even number each time
 * it has been: who reads the same even guard before and after has the words of one writing.
 *
 * All of it goes by Atomics, the words as well as the guard. JavaScript gives plain accesses no place
 * among atomic ones, and arm64 takes the liberty: a plain store may be seen before the odd guard that
 * stands in front of it, a plain load may be done after the even guard behind it, and the record reads
 * as whole while it is half of one writing and half of another. x86 keeps such loads and stores in
 * order, so no run there would tell. An atomic load is slower than a plain one by some ns: what is
 * read for each packet is a word of its own, and no record.
 */
import { assert } from "../assert.ts";
import { Guarded, RECORD_HEAD_BYTES, type RecordPlace } from "./layout.ts";

/** What a reader found: a whole record, none so far, or again and again one that is being written. */
export const Loaded = { ok: 0, none: 1, busy: 2 } as const;

/** How often a torn record is read again before the reader gives up for this time. */
const TRIES = 8;

/** A private copy of one such record, which is filled and then stored, or loaded and then looked at. */
class GuardedRecord {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  /** Bytes of the record as loaded last. */
  length = 0;
  readonly #guard: number;
  readonly #first: number;
  readonly #bytesMax: number;

  constructor(place: RecordPlace) {
    const buffer = new ArrayBuffer((place.bytes + 7) & ~7);
    this.words = new Int32Array(buffer);
    this.floats = new Float64Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.#guard = place.at >> 2;
    this.#first = (place.at + RECORD_HEAD_BYTES) >> 2;
    this.#bytesMax = place.bytes;
  }

  /** Writer: publishes the first `length` bytes of the copy. `header` is the ring's words. */
  store(header: Int32Array, length: number): void {
    assert(length <= this.#bytesMax, "a record fits its place");
    const guard = header[this.#guard]!;
    Atomics.store(header, this.#guard, guard + 1);
    Atomics.store(header, this.#guard + 1, length);
    for (let i = 0; i < (length + 3) >> 2; i += 1) {
      Atomics.store(header, this.#first + i, this.words[i]!);
    }
    Atomics.store(header, this.#guard, guard + 2);
  }

  /** Reader: takes what was published last. Anything but `ok` leaves garbage in the copy. */
  load(header: Int32Array): number {
    for (let i = 0; i < TRIES; i += 1) {
      const guard = Atomics.load(header, this.#guard);
      // The first writing begins with 1.
      if (guard === 0 || guard === 1) return Loaded.none;
      if ((guard & 1) !== 0) continue;
      this.length = Atomics.load(header, this.#guard + 1);
      for (let word = 0; word < (this.length + 3) >> 2; word += 1) {
        this.words[word] = Atomics.load(header, this.#first + word);
      }
      if (Atomics.load(header, this.#guard) === guard) return Loaded.ok;
    }
    return Loaded.busy;
  }
}

/** One copy of each record for a whole thread: who fills or loads one is done before the next does. */
export const records = {
  keyframe: new GuardedRecord(Guarded.keyframe),
  timing: new GuardedRecord(Guarded.timing),
  targets: new GuardedRecord(Guarded.targets),
  description: new GuardedRecord(Guarded.description),
  parameterSets: new GuardedRecord(Guarded.parameterSets),
  told: new GuardedRecord(Guarded.told),
} as const;
