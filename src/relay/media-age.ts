/** Of the packets of so long the youngest tells how old media is: others waited to be asked for again. */
const WINDOW_US = 1_000_000;
/** Without media for so long nothing is known. */
const KNOWN_US = 3_000_000;

/**
 * How old media is when it comes, since it came to its root. Every node adds how long a packet was with
 * it and half of a round trip, so that no two clocks are compared.
 */
export class MediaAge {
  #since = Number.NEGATIVE_INFINITY;
  #youngest = Number.POSITIVE_INFINITY;
  #us: number | null = null;

  /** A packet of this age came at `now`. */
  note(ageUs: number, now: number): void {
    this.look(now);
    if (ageUs < this.#youngest) this.#youngest = ageUs;
  }

  look(now: number): void {
    if (now - this.#since < WINDOW_US) return;
    const isKnown = this.#youngest !== Number.POSITIVE_INFINITY;
    if (isKnown) this.#us = this.#youngest;
    else if (now - this.#since >= KNOWN_US) this.#us = null;
    else return;
    this.#since = now;
    this.#youngest = Number.POSITIVE_INFINITY;
  }

  /** Null while nothing comes. */
  get ms(): number | null {
    return this.#us === null ? null : Math.round(this.#us / 100) / 10;
  }
}
