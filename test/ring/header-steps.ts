/**
 * A ring's header as another thread may find it: after each single store of a writer, and changing
 * between any two loads of a reader. Only what goes by Atomics has a place in that order; so a plain
 * store into a record is an error, and a plain load from one gets garbage.
 */
import { Guarded, RECORD_HEAD_BYTES } from "../../src/ring/layout.ts";

const HEADER_WORDS = 1024;
const GARBAGE = 0xeeeeeeee | 0;

const places = Object.values(Guarded);
const RECORDS_BEGIN = Math.min(...places.map(({ at }) => at)) / 4;
const RECORDS_END = Math.max(...places.map(({ at, bytes }) => at + RECORD_HEAD_BYTES + bytes)) / 4;

/** The two that are looked through, without their overloads. */
const atomics = Atomics as unknown as {
  store(array: Int32Array, index: number, value: number): number;
  load(array: Int32Array, index: number): number;
};

/** Copies of the header: before `write`, and after each of its stores into the ring. */
export function steps(ring: SharedArrayBuffer, write: () => void): Int32Array[] {
  const header = new Int32Array(ring, 0, HEADER_WORDS);
  const seen = [header.slice()];
  const look = (): void => {
    const before = seen.at(-1)!;
    for (let word = RECORDS_BEGIN; word < RECORDS_END; word += 1) {
      if (header[word] !== before[word]) throw new Error(`a plain store at word ${word}`);
    }
  };
  const { store } = atomics;
  atomics.store = (array, index, value) => {
    look();
    const stored = store(array, index, value);
    if (array.buffer === ring) seen.push(header.slice());
    return stored;
  };
  try {
    write();
    look();
  } finally {
    atomics.store = store;
  }
  return seen;
}

/**
 * What `read` makes of a header that is `first` for so many loads, and `then` from that one on; and
 * how often it loaded.
 */
export function readAcross<Result>(
  ring: SharedArrayBuffer,
  [first, then]: readonly [Int32Array, Int32Array],
  loadsOfFirst: number,
  read: () => Result,
): { readonly result: Result; readonly loads: number } {
  const header = new Int32Array(ring, 0, HEADER_WORDS);
  const show = (memory: Int32Array): Int32Array => {
    header.set(memory);
    header.fill(GARBAGE, RECORDS_BEGIN, RECORDS_END);
    return memory;
  };
  let memory = show(loadsOfFirst === 0 ? then : first);
  let loads = 0;
  const { load } = atomics;
  atomics.load = (array, index) => {
    if (array.buffer !== ring || index >= HEADER_WORDS) return load(array, index);
    const value = memory[index]!;
    loads += 1;
    if (loads === loadsOfFirst) memory = show(then);
    return value;
  };
  try {
    return { result: read(), loads };
  } finally {
    atomics.load = load;
  }
}
