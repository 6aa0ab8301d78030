/**
 * A worker's own block of shared memory, and how others wake it.
 *
 *   0      heartbeat word, moved by the worker each turn (cache line of its own)
 *   4      the kernel's number of its thread, written once at its start; 0 before
 *   64     asleep word: in epoll_wait the worker sleeps (1), or dozes (2)
 *   128    dirty bitmap, one bit a ring: "there is something new"
 *   1024   counters (src/contract/counters.ts), Float64
 *
 * A bit is set by the ring's writer for those who read it, when there are news, and by its readers for
 * the one who writes it, when there is a new wish. Whoever rings sets the bit first and looks at the
 * asleep word second; the sleeper sets the word first and looks at the bits second. So one of the two
 * always sees the other.
 *
 * Who dozes wakes by itself within a few milliseconds, and is woken for what is urgent alone.
 */
import { assert } from "../assert.ts";
import { COUNTER_NAMES } from "../contract/counters.ts";
import { RINGS_MAX } from "../limits.ts";

const HEARTBEAT = 0;
const THREAD = 1;
const ASLEEP = 16;
const DIRTY = 32;
const DIRTY_WORDS = RINGS_MAX / 32;
const COUNTERS_OFFSET = 1024;

const BLOCK_BYTES = 4096;

/** Values of the asleep word. */
const Sleep = { awake: 0, asleep: 1, dozing: 2 } as const;

export class WorkerBlock {
  private readonly words: Int32Array;
  readonly counters: Float64Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.counters = new Float64Array(buffer, COUNTERS_OFFSET, COUNTER_NAMES.length);
  }

  static create(): WorkerBlock {
    return new WorkerBlock(new SharedArrayBuffer(BLOCK_BYTES));
  }

  beat(): void {
    Atomics.add(this.words, HEARTBEAT, 1);
  }

  get heartbeat(): number {
    return Atomics.load(this.words, HEARTBEAT);
  }

  /** The thread that beats here, as in /proc/self/task; 0 while none has begun. */
  get thread(): number {
    return Atomics.load(this.words, THREAD);
  }

  set thread(id: number) {
    Atomics.store(this.words, THREAD, id);
  }

  /** Others: ring `index` has news or a wish. True when the worker sleeps and must be woken by its eventfd. */
  mark(index: number, urgent = true): boolean {
    Atomics.or(this.words, DIRTY + (index >> 5), 1 << (index & 31));
    return this.claimWake(urgent);
  }

  /** True for exactly one caller while the worker sleeps; if it dozes, for something urgent alone. */
  claimWake(urgent = true): boolean {
    const state = Atomics.load(this.words, ASLEEP);
    if (state === Sleep.awake || (state === Sleep.dozing && !urgent)) return false;
    return Atomics.compareExchange(this.words, ASLEEP, state, Sleep.awake) === state;
  }

  /** Worker: about to sleep, or to doze. False when there is news already, and it must not. */
  fallAsleep(dozing = false): boolean {
    Atomics.store(this.words, ASLEEP, dozing ? Sleep.dozing : Sleep.asleep);
    for (let word = 0; word < DIRTY_WORDS; word += 1) {
      if (Atomics.load(this.words, DIRTY + word) !== 0) {
        Atomics.store(this.words, ASLEEP, Sleep.awake);
        return false;
      }
    }
    return true;
  }

  wakeUp(): void {
    Atomics.store(this.words, ASLEEP, Sleep.awake);
  }

  /** Worker: calls `visit` with the index of each ring marked since the last call. */
  takeMarked(visit: (index: number) => void): void {
    for (let word = 0; word < DIRTY_WORDS; word += 1) {
      if (this.words[DIRTY + word] === 0) continue;
      let bits = Atomics.exchange(this.words, DIRTY + word, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        visit(word * 32 + bit);
        bits &= bits - 1;
      }
    }
  }
}

/** Which readers a ring's news wake, as its writer knows; `each`: each packet, also while they doze. */
interface RingWanted {
  wakes(reader: number, each?: boolean): boolean;
}

/** All workers, and how one of them wakes others. */
export class Doorbells {
  readonly #blocks: readonly WorkerBlock[];
  readonly #readers: readonly number[];
  readonly #wake: (worker: number) => void;

  /**
   * Blocks by worker number, and the numbers of those that read rings by reader number. `wake` writes
   * a worker's eventfd; from src/io.
   */
  constructor(
    blocks: readonly WorkerBlock[],
    readers: readonly number[],
    wake: (worker: number) => void,
  ) {
    this.#blocks = blocks;
    this.#readers = readers;
    this.#wake = wake;
  }

  /** How many workers read rings. */
  get readers(): number {
    return this.#readers.length;
  }

  /**
   * Writer: marks the ring dirty for every reader that is to be woken for it and wakes those asleep;
   * `urgent`: also those who doze.
   */
  ring(index: number, writer: RingWanted, urgent = true): void {
    for (let reader = 0; reader < this.#readers.length; reader += 1) {
      if (!writer.wakes(reader)) continue;
      this.#mark(this.#readers[reader]!, index, urgent || writer.wakes(reader, true));
    }
  }

  /** Reader: a new wish stands in the ring; its writer looks at once. */
  wish(writer: number, index: number): void {
    this.#mark(writer, index, true);
  }

  #mark(worker: number, index: number, urgent: boolean): void {
    if (this.#blocks[worker]!.mark(index, urgent)) this.#wake(worker);
  }
}

assert((DIRTY + DIRTY_WORDS) * 4 <= COUNTERS_OFFSET, "the bitmap ends before the counters");
assert(COUNTERS_OFFSET + COUNTER_NAMES.length * 8 <= BLOCK_BYTES, "the counters fit the block");
