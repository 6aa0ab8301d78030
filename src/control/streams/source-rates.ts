import type { MediaKind } from "../../wire/codecs.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Source } from "./source.ts";

/** What the rings of a source had told in all, and what that came to since the look before. */
interface Look {
  readonly atUs: number;
  readonly bytes: Readonly<Record<MediaKind, number>>;
  readonly bitsPerSecond: Readonly<Record<MediaKind, number>>;
}

const KINDS = ["audio", "video"] as const;
/** Over less than this a burst would look like a rate. */
const LOOK_MIN_US = 500_000;

/** What sources send, in bits of payload a second, whoever brings it: out of their rings' totals. */
export class SourceRates {
  readonly #plane: MediaPlane;
  readonly #clock: Clock;
  readonly #looks = new WeakMap<Source, Look>();

  constructor(plane: MediaPlane, clock: Clock) {
    this.#plane = plane;
    this.#clock = clock;
  }

  /** Looks at the rings anew; to be called about once a second. */
  update(source: Source): void {
    const atUs = this.#clock.now();
    const before = this.#looks.get(source);
    const elapsedUs = atUs - (before?.atUs ?? source.sinceUs);
    if (elapsedUs < LOOK_MIN_US) return;
    const bytes = { audio: 0, video: 0 };
    const bitsPerSecond = { audio: 0, video: 0 };
    for (const kind of KINDS) {
      for (const { ring } of source.of(kind)) bytes[kind] += this.#plane.describeRing(ring).bytes;
      bitsPerSecond[kind] = ((bytes[kind] - (before?.bytes[kind] ?? 0)) * 8e6) / elapsedUs;
    }
    this.#looks.set(source, { atUs, bytes, bitsPerSecond });
  }

  /** 0 before the first look. */
  of(source: Source, kind: MediaKind): number {
    return this.#looks.get(source)?.bitsPerSecond[kind] ?? 0;
  }
}
