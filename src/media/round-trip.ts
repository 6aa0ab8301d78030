const START_US = 50_000;
const MIN_US = 1_000;
const MAX_US = 500_000;

/** Smoothed round trip (RFC 6298 2: gain 1/8), between 1 and 500 ms; 50 ms before the first sample. */
export class RoundTrip {
  measured = false;
  #us = START_US;

  get us(): number {
    return this.#us;
  }

  sample(us: number): void {
    const bounded = Math.min(MAX_US, Math.max(MIN_US, us));
    this.#us = this.measured ? this.#us + (bounded - this.#us) / 8 : bounded;
    this.measured = true;
  }
}
