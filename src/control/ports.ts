/** What the world gives to control, so that tests can hold it. */

/** The two clocks of control: `now` is monotonic microseconds, `wall` milliseconds since 1970. */
export interface Clock {
  now(): number;
  wall(): number;
}

/** Cryptographically strong bytes. */
export type RandomBytes = (length: number) => Uint8Array;
