import type { Sample } from "./sample.ts";

/** A part is at least so much of its target, unless it is a segment's last (RFC 8216bis 4.4.4.9). */
const SHARE_MIN = 0.85;

/** The part that is being filled, and where it may end: us. */
export class OpenPart {
  startUs = 0;
  /** Its pictures. */
  samples: Sample[] = [];
  /** Where the newest picture in it begins. */
  #boundaryUs = Number.NEGATIVE_INFINITY;

  constructor(private readonly targetUs: number) {}

  begin(us: number): void {
    this.startUs = us;
    this.samples = [];
    this.#boundaryUs = Number.NEGATIVE_INFINITY;
  }

  /** A picture begins within it. */
  pass(us: number): void {
    if (us > this.startUs) this.#boundaryUs = us;
  }

  /** Up to where it may go. */
  get limitUs(): number {
    return this.startUs + this.targetUs;
  }

  /** Where it ends if nothing cuts it: before a picture, or, where that were too early, at the limit. */
  get endUs(): number {
    const isLong = this.#boundaryUs >= this.startUs + this.targetUs * SHARE_MIN;
    return isLong ? this.#boundaryUs : this.limitUs;
  }
}
