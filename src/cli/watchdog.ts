/**
 * Signs of life for the service manager. They come from this thread's loop and only while workers
 * accept sessions: a main loop that hangs, or workers that cannot be brought back, make the manager
 * start the process anew. On a machine under pressure the manager is asked for patience, since a
 * process that gets no processor does not hang, and a new one would get none either.
 */
import { underPressure } from "../control/plane/heartbeat.ts";
import { Starvation } from "../control/plane/starvation.ts";
import type { ServiceManager } from "../io/systemd.ts";
import type { Logger } from "../log.ts";
import type { ProcessorReader } from "../processors.ts";

/** What the manager is asked to wait under pressure, at least. */
const PATIENCE_US = 60_000_000;
const BEAT_MS_MAX = 1_000;
/** A beat that comes this many times later than it should was held up. */
const LATE_FACTOR = 1.5;

export interface WatchdogOptions {
  /** What the manager tolerates between two signs of life, us. */
  readonly limitUs: number;
  readonly periodUs: number;
  readonly reader: ProcessorReader;
  readonly ready: () => boolean;
}

/** Decides what to tell the manager; reads no clock. */
export class Watchdog {
  readonly #starvation: Starvation;
  #at = 0;
  #pressed = false;
  #wasReady = true;

  constructor(private readonly options: WatchdogOptions) {
    this.#starvation = new Starvation(options.reader);
  }

  /** Under pressure at the last beat. */
  get pressed(): boolean {
    return this.#pressed;
  }

  /** The workers ceased to accept sessions between the last two beats. */
  get failing(): boolean {
    return !this.#wasReady;
  }

  /** Once a period: the assignments to send. */
  beat(now: number): readonly string[] {
    const { limitUs, periodUs, reader, ready } = this.options;
    const pressure = this.#starvation.round(now, [reader.thread(reader.pid)]);
    const late = this.#at !== 0 && now - this.#at > LATE_FACTOR * periodUs;
    this.#at = now;
    const pressed = late || underPressure(pressure);
    const changed = pressed !== this.#pressed;
    this.#pressed = pressed;
    this.#wasReady = ready();
    const patience = pressed ? Math.max(limitUs, PATIENCE_US) : limitUs;
    return [
      ...(changed ? [`WATCHDOG_USEC=${patience}`] : []),
      ...(this.#wasReady ? ["WATCHDOG=1"] : []),
    ];
  }
}

/** Beats until the returned function is called. Does nothing where the manager has no watchdog. */
export function startWatchdog(
  manager: ServiceManager,
  log: Logger,
  parts: Pick<WatchdogOptions, "reader" | "ready"> & { readonly now: () => number },
): () => void {
  if (manager.watchdogUs === null) return () => {};
  const limitUs = manager.watchdogUs;
  const periodMs = Math.min(BEAT_MS_MAX, limitUs / 1000 / 3);
  const watchdog = new Watchdog({ ...parts, limitUs, periodUs: periodMs * 1000 });
  let told = false;
  const beat = (): void => {
    const assignments = watchdog.beat(parts.now());
    if (assignments.length > 0) manager.notify(...assignments);
    if (watchdog.failing && !told) {
      const limitSeconds = limitUs / 1e6;
      log.error("Workers accept no sessions: no sign of life to the service manager", {
        limitSeconds,
      });
    }
    told = watchdog.failing;
  };
  beat();
  const timer = setInterval(beat, periodMs);
  return () => clearInterval(timer);
}
