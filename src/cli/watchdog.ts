/**
 * On a machine under pressure the service manager is asked for patience, since a process that gets no
 * processor does not hang, and a new one would get none either.
 */
import { underPressure } from "../control/plane/heartbeat.ts";
import { Starvation } from "../control/plane/starvation.ts";
import type { ProcessorReader } from "../processors.ts";

/** What the manager is asked to wait under pressure, at least. */
const PATIENCE_US = 60_000_000;
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
