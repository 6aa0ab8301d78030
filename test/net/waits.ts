/** How long threads of processes waited for a processor at once: what is silent meanwhile is not dead. */
import { readdirSync, readFileSync } from "node:fs";

/** Of a process those that media goes through. */
const THREADS = new Set(["relay", "egress"]);
const LOOK_MS = 50;

/** What threads have waited in all, seen again and again, tells how long one waited at once. */
export class LongWaits {
  /** By thread: how long it had waited so far, ms. */
  readonly #before = new Map<string, number>();
  readonly #long: { readonly at: number; readonly ms: number }[] = [];
  #lookedAt: number;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** `waited`: by thread, ms; NaN of one that is gone. */
  look(now: number, waited: Iterable<readonly [string, number]>): void {
    const elapsed = now - this.#lookedAt;
    this.#lookedAt = now;
    let longest = 0;
    for (const [thread, ms] of waited) {
      const before = this.#before.get(thread);
      this.#before.set(thread, ms);
      // The kernel counts a wait when it is over: what is more than has passed was one of before.
      if (before !== undefined && ms - before - elapsed > longest) longest = ms - before - elapsed;
    }
    if (longest > 0) this.#long.push({ at: now, ms: longest });
  }

  /** The longest that ended at that time or later, ms. */
  longest(since: number): number {
    const ended = this.#long.filter(({ at }) => at >= since);
    return Math.round(Math.max(0, ...ended.map(({ ms }) => ms)));
  }
}

export class Waits {
  readonly #pids: () => readonly number[];
  readonly #threads = new Map<number, readonly string[]>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #long = new LongWaits(performance.now());

  /** Processes may come and go. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** The longest that ended in the last so many seconds, ms. */
  lately(seconds: number): number {
    return this.#long.longest(performance.now() - seconds * 1000);
  }

  /** The longest since the start, ms. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.lately(Number.POSITIVE_INFINITY);
  }

  #look(): void {
    const threads = this.#pids().flatMap((pid) => this.#threadsOf(pid));
    const waited = threads.map((thread) => [thread, waitedMs(thread)] as const);
    this.#long.look(performance.now(), waited);
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
