/** Waits for a condition by asking again and again, so that no test sleeps for a guessed time. */
import { readOthers } from "../../src/io/processor-time.ts";
import type { Reading } from "../../src/processors.ts";
import { machineWasTaken, taken } from "./others.ts";

const INTERVAL_MS = 50;
/** Where others have the machine, this many times as long is waited, or so long at least. */
const PATIENCE_FACTOR = 4;
const PATIENCE_MS_MIN = 10_000;
/** What others take is measured over so long. */
const LOOK_MS = 1_000;

/**
 * Calls `probe` until it returns something truthy, which is returned. Throws after `timeoutMs` with
 * `what` and the last value that `see` (by default the probe itself) gave. On a machine that others
 * have it waits longer: what counts then is that it comes.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => T | Promise<T>,
  see: () => unknown = probe,
): Promise<NonNullable<T>> {
  const started = performance.now();
  const patience = new Patience(started + Math.max(timeoutMs * PATIENCE_FACTOR, PATIENCE_MS_MIN));
  let found: NonNullable<T> | null = null;
  for (;;) {
    found ??= (await probe()) || null;
    const late = performance.now() > started + timeoutMs;
    if (found !== null && (!late || patience.untouched || patience.granted)) return found;
    if (late && !patience.more(performance.now())) {
      const last = found === null ? `last seen: ${show(await see())}` : "it came later";
      throw new Error(`not within ${timeoutMs} ms: ${what}; ${last}`);
    }
    await Bun.sleep(INTERVAL_MS);
  }
}

/** Looks, once the time is over, whether others have the machine. */
export class Patience {
  #since: Reading | null = null;
  #granted = false;

  constructor(
    private readonly end: number,
    private readonly read: () => Reading = readOthers,
  ) {}

  /** Nobody has asked yet: the probe itself took past the end of the time. */
  get untouched(): boolean {
    return this.#since === null;
  }

  get granted(): boolean {
    return this.#granted;
  }

  /** Whether to go on waiting at `now`. */
  more(now: number): boolean {
    if (now > this.end) return false;
    const reading = this.read();
    this.#since ??= reading;
    if (reading.at - this.#since.at < LOOK_MS * 1000) return true;
    this.#granted = machineWasTaken(taken([this.#since, reading]));
    this.#since = reading;
    return this.#granted;
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
