/** How long threads of processes waited for a processor at once: what is silent meanwhile is not dead. */
import { readdirSync, readFileSync } from "node:fs";

/** Of a process those that media goes through. */
const THREADS = new Set(["relay", "egress"]);
const LOOK_MS = 50;

export class Waits {
  readonly #pids: () => readonly number[];
  /** By thread: how long it had waited so far, ms. */
  readonly #before = new Map<string, number>();
  readonly #threads = new Map<number, readonly string[]>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #long: { readonly at: number; readonly ms: number }[] = [];
  #lookedAt = performance.now();

  /** Processes may come and go. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** The longest that ended in the last so many seconds, ms. */
  lately(seconds: number): number {
    const since = performance.now() - seconds * 1000;
    const ended = this.#long.filter(({ at }) => at >= since);
    return Math.round(Math.max(0, ...ended.map(({ ms }) => ms)));
  }

  /** The longest since the start, ms. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.lately(Number.POSITIVE_INFINITY);
  }

  #look(): void {
    const now = performance.now();
    const elapsed = now - this.#lookedAt;
    this.#lookedAt = now;
    let longest = 0;
    for (const pid of this.#pids()) {
      for (const thread of this.#threadsOf(pid)) {
        const waited = waitedMs(thread);
        const before = this.#before.get(thread);
        this.#before.set(thread, waited);
        // The kernel counts a wait when it is over: what is more than has passed was one of before.
        if (before !== undefined && waited - before - elapsed > longest) {
          longest = waited - before - elapsed;
        }
      }
    }
    if (longest > 0) this.#long.push({ at: now, ms: longest });
  }

  #threadsOf(pid: number): readonly string[] {
    const known = this.#threads.get(pid) ?? [];
    if (known.length === THREADS.size) return known;
    const found = mediaThreads(pid);
    this.#threads.set(pid, found);
    return found;
  }
}

function mediaThreads(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/task`;
    const threads = readdirSync(folder).map((thread) => `${folder}/${thread}`);
    return threads.filter((path) => THREADS.has(readFileSync(`${path}/comm`, "utf8").trim()));
  } catch {
    // It ended meanwhile.
    return [];
  }
}

/** Since it began; NaN of one that is gone. */
function waitedMs(thread: string): number {
  try {
    return Number(readFileSync(`${thread}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return Number.NaN;
  }
}
