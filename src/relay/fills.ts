import type { Staging } from "../feed/staging.ts";
import { CATCH_UP_INTERVAL_US } from "../limits.ts";
import { HeaderFloat } from "../ring/layout.ts";
import { ReadResult, type RingReader } from "../ring/reader.ts";
import type { Stretch } from "../wire/cascade/wish.ts";
import type { DataWriter } from "./data-writer.ts";
import type { FillBudget } from "./fill-budget.ts";
import type { Pace } from "./pace.ts";

/** Packets that are asked for again and have not left yet. */
const WAITING_MAX = 1024;
/** Askings back that one which comes twice is told from. A power of two. */
const ASKINGS = 64;

/** What one child misses of one ring, whether the ring flows there or not. */
export class Fills {
  readonly #alias: number;
  readonly #ring: number;
  readonly #reader: RingReader;
  readonly #writer: DataWriter;
  readonly #scratch: Staging;
  readonly #budget: FillBudget;
  readonly #pace: Pace;
  readonly #waiting: number[] = [];
  /** Of the newest askings the numbers, each at its place. */
  readonly #askings = new Int32Array(ASKINGS).fill(-1);
  #burstAt = 0;
  /** Of the ring so far, when it was asked last. */
  #bytes: number;

  /**
   * `budget` earns by what comes into the ring, whether it flows to the child or not: of a standby
   * that has given nothing all is asked at once when the other parent dies.
   */
  constructor(
    alias: number,
    ring: number,
    reader: RingReader,
    writer: DataWriter,
    scratch: Staging,
    budget: FillBudget,
    pace: Pace,
  ) {
    this.#alias = alias;
    this.#ring = ring;
    this.#reader = reader;
    this.#writer = writer;
    this.#scratch = scratch;
    this.#budget = budget;
    this.#pace = pace;
    this.#bytes = bytesOf(reader);
  }

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** `number`: of this asking, which may come twice; null where it has none. */
  ask(stretches: readonly Stretch[], number: number | null): void {
    if (number !== null && this.#isKnown(number)) return;
    const bytes = bytesOf(this.#reader);
    this.#budget.earn(bytes - this.#bytes);
    this.#bytes = bytes;
    for (const { from, count } of stretches) {
      this.#pace.asked(count);
      for (let i = 0; i < count; i += 1) {
        if (this.#waiting.length >= WAITING_MAX) return;
        this.#waiting.push((from + i) | 0);
      }
    }
  }

  /** Sends the next of them; false when the output is full. */
  step(now: number): boolean {
    if (now < this.#burstAt) return true;
    while (this.pending && this.#pace.dueAt <= now) {
      if (!this.#writer.mayRepeat(now)) break;
      if (!this.#send(this.#waiting[0]!, now)) return false;
      this.#waiting.shift();
    }
    this.#burstAt = Math.max(now + CATCH_UP_INTERVAL_US, this.#pace.dueAt);
    return true;
  }

  /** When `step` has something to do; Infinity for never. */
  nextTimeout(): number {
    return this.pending ? this.#burstAt : Number.POSITIVE_INFINITY;
  }

  #isKnown(asking: number): boolean {
    const place = asking & (ASKINGS - 1);
    if (this.#askings[place] === asking) return true;
    this.#askings[place] = asking;
    return false;
  }

  #send(sequence: number, now: number): boolean {
    this.#scratch.clear();
    if (this.#scratch.load(this.#reader, sequence) !== ReadResult.ok) return true;
    const length = this.#scratch.payloadLengths[0]!;
    if (!this.#budget.has(length)) return true;
    const bytes = this.#writer.repeat(this.#alias, this.#ring, this.#scratch, 0, now);
    if (bytes < 0) return false;
    this.#pace.left(bytes, now);
    this.#budget.spend(length);
    return true;
  }
}

/** Payload bytes that were written into a ring so far. */
function bytesOf({ views }: RingReader): number {
  return views.floats[HeaderFloat.bytes]!;
}
