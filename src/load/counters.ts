/** Totals of one load thread, in shared memory: the main thread reads them while it runs. */
const LOAD_COUNTERS = [
  /** Threads whose rehearsal is over. */
  "rehearsed",
  "joinsStarted",
  "joinsConnected",
  "joinsFailed",
  "keyframesSeen",
  "left",
  "live",
  "publishersLive",
  "publishersFailed",
  /** RTP packets of all kinds that came, before simulated loss. */
  "packets",
  "bytes",
  "retransmitted",
  "simulatedLoss",
  /** Packets that never came, also not by repair. */
  "lost",
  "recovered",
  "duplicates",
  "reordered",
  "opened",
  "authFailures",
  "malformed",
  "framesComplete",
  "framesBroken",
  /** Stamped packets that did not follow the one before, though their numbers did. */
  "stampBreaks",
  "nacksSent",
  "plisSent",
  "feedbackSent",
  "sendErrors",
  /** Packets that publishers of ours sent, and what they were asked to send again. */
  "published",
  "publishedAgain",
] as const;
export type LoadCounterName = (typeof LOAD_COUNTERS)[number];
export type LoadTotals = Record<LoadCounterName, number>;

/** Words behind the counters: orders of the main thread. */
const FLAG_MEASURING = LOAD_COUNTERS.length;
export const LOAD_BLOCK_BYTES = (LOAD_COUNTERS.length + 1) * 8;

const INDEX = Object.fromEntries(LOAD_COUNTERS.map((name, i) => [name, i])) as LoadTotals;

/** One thread's block. One writer (the thread), one reader. */
export class LoadCounters {
  readonly #words: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Float64Array(buffer);
  }

  add(name: LoadCounterName, amount = 1): void {
    const index = INDEX[name];
    this.#words[index] = this.#words[index]! + amount;
  }

  get(name: LoadCounterName): number {
    return this.#words[INDEX[name]]!;
  }

  /** Set by the main thread while delays are taken. */
  get measuring(): boolean {
    return this.#words[FLAG_MEASURING] === 1;
  }

  set measuring(on: boolean) {
    this.#words[FLAG_MEASURING] = on ? 1 : 0;
  }
}

/** The sums over all threads. */
export function sumCounters(blocks: readonly LoadCounters[]): LoadTotals {
  const sum = (name: LoadCounterName) =>
    blocks.reduce((total, block) => total + block.get(name), 0);
  return Object.fromEntries(LOAD_COUNTERS.map((name) => [name, sum(name)])) as LoadTotals;
}

/** `after - before`, name by name. */
export function difference(after: LoadTotals, before: LoadTotals): LoadTotals {
  return Object.fromEntries(
    LOAD_COUNTERS.map((name) => [name, after[name] - before[name]]),
  ) as LoadTotals;
}
