import type { TailStill } from "../../contract/tail.ts";
import { STILL_KEPT_US, STILL_SOUGHT_US } from "../../limits.ts";
import type { PackagerPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Audience } from "./audience.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** The worker answers within its time, or is lost. */
const ANSWER_US = STILL_SOUGHT_US + 2_000_000;

/** One picture of a stream, which is kept for a while. While it is sought, the stream is read for it. */
class Still implements Audience {
  readonly size = 1;
  /** What the packager told; null while it is sought. */
  found: TailStill | null = null;
  /** us: when it was sought, or found. */
  at: number;

  constructor(
    readonly stream: Stream,
    now: number,
  ) {
    this.at = now;
  }

  /** The packager is told of sources by itself, as all who read. */
  follow(): void {}
}

interface StillsOptions {
  readonly packager: PackagerPlane;
  readonly streams: Streams;
  readonly clock: Clock;
}

/** Pictures of streams, each made for whoever asks first, and shown to all who ask within some seconds. */
export class Stills {
  readonly #options: StillsOptions;
  /** By the number of their stream. */
  readonly #stills = new Map<number, Still>();

  constructor(options: StillsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#stills.size;
  }

  /** The newest picture, or the one that is sought from now on. */
  ask(stream: Stream): Still {
    const known = this.#stills.get(stream.number);
    if (known !== undefined) return known;
    const { clock, packager } = this.#options;
    const still = new Still(stream, clock.now());
    this.#stills.set(stream.number, still);
    stream.audiences.add(still);
    packager.send({ type: "tail-still", stream: stream.number });
    return still;
  }

  /** What the packager worker tells. */
  take(found: TailStill): void {
    const still = this.#stills.get(found.stream);
    if (still === undefined || still.found !== null) return;
    still.found = found;
    still.at = this.#options.clock.now();
    this.#leave(still);
  }

  /** The packager worker has begun: what it was asked for it does not know. */
  packagerStarted(): void {
    for (const still of this.#stills.values()) this.#giveUp(still);
  }

  /** Called several times a second. */
  tick(): void {
    const now = this.#options.clock.now();
    for (const [number, still] of this.#stills) {
      const age = now - still.at;
      if (still.found === null && age > ANSWER_US) this.#giveUp(still);
      else if (still.found !== null && age > STILL_KEPT_US) this.#stills.delete(number);
    }
  }

  #giveUp({ found, stream: { number: stream } }: Still): void {
    if (found !== null) return;
    this.take({ type: "tail-still", stream, file: null, width: 0, height: 0, reason: null });
  }

  #leave(still: Still): void {
    still.stream.audiences.delete(still);
    this.#options.streams.letGo(still.stream);
  }
}
