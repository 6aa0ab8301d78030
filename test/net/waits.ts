/**
 * How long threads of processes waited for a processor, second by second: what they did not do in time
 * then, they could not.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Of a process those that media goes through. */
const THREADS = new Set(["relay", "egress"]);
const LOOK_MS = 1_000;

export class Waits {
  readonly #pids: () => readonly number[];
  readonly #before = new Map<string, number>();
  readonly #timer: ReturnType<typeof setInterval>;
  /** Of each second since the start, ms: the longest wait of one thread. */
  readonly #longestMs: number[] = [];

  /** Processes may come and go. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#look();
    this.#timer = setInterval(() => this.#longestMs.push(this.#look()), LOOK_MS);
  }

  /** The longest of the last so many seconds, ms. */
  lately(seconds: number): number {
    return Math.round(Math.max(0, ...this.#longestMs.slice(-seconds)));
  }

  /** The longest wait of one thread in one second since the start, ms. */
  stop(): number {
    clearInterval(this.#timer);
    this.#longestMs.push(this.#look());
    return this.lately(this.#longestMs.length);
  }

  #look(): number {
    let longest = 0;
    for (const pid of this.#pids()) {
      for (const [thread, waitedMs] of waitsOf(pid)) {
        const before = this.#before.get(thread);
        if (before !== undefined) longest = Math.max(longest, waitedMs - before);
        this.#before.set(thread, waitedMs);
      }
    }
    return longest;
  }
}

function waitsOf(pid: number): [thread: string, waitedMs: number][] {
  try {
    const folder = `/proc/${pid}/task`;
    const threads = readdirSync(folder).map((thread) => `${folder}/${thread}`);
    const media = threads.filter((path) =>
      THREADS.has(readFileSync(`${path}/comm`, "utf8").trim()),
    );
    return media.map((path) => {
      const [, waited] = readFileSync(`${path}/schedstat`, "utf8").split(" ");
      return [path, Number(waited) / 1e6];
    });
  } catch {
    // It ended meanwhile.
    return [];
  }
}
