/** Seconds that are counted. */
const SECONDS = 10;

/**
 * How many players a tail has, by what they ask this server for: each asks for a playlist once for every
 * stretch of media that it plays. Those behind a cache are one.
 */
export class TailViewers {
  /** Media that playlists were asked for, us, by second. */
  readonly #us = new Float64Array(SECONDS + 1);
  #second = 0;

  /** At `now`, us, somebody asked for a playlist that has `stretchUs` more than the one before. */
  note(now: number, stretchUs: number): void {
    this.#turn(now);
    this.#us[this.#second % this.#us.length]! += stretchUs;
  }

  /** In the last seconds that are over. */
  count(now: number): number {
    this.#turn(now);
    const open = this.#us[this.#second % this.#us.length]!;
    const sum = this.#us.reduce((all, us) => all + us, -open);
    return Math.round(sum / (SECONDS * 1e6));
  }

  /** Forgets the seconds that are too long ago. */
  #turn(now: number): void {
    const second = Math.floor(now / 1e6);
    const from = Math.max(this.#second + 1, second - SECONDS);
    for (let at = from; at <= second; at += 1) this.#us[at % this.#us.length] = 0;
    this.#second = Math.max(this.#second, second);
  }
}
