/**
 * Whether the layers of a publisher live: layers start late, pause and die (a browser drops the top
 * one under load), and nothing may wait for them. One object a simulcast layer.
 */
import { Rate } from "./rate.ts";

/**
 * A layer without packets for this long is gone. It must be noticed within 1 s, frames of a slow
 * layer (5 a second) come every 200 ms, and a jittery uplink holds back 200 to 300 ms more.
 */
const SILENCE_US = 600_000;
/** It is back when it has delivered for this long: an encoder that flaps is no help to viewers. */
const STEADY_US = 300_000;

export class LayerActivity {
  #active = false;
  #everActive = false;
  #last = Number.NEGATIVE_INFINITY;
  #since = 0;
  #timestamp = -1;
  readonly #bits = new Rate();
  readonly #frames = new Rate();

  /** Media of the layer (padding is none): RTP timestamp, payload size. True when it has come up. */
  packet(now: number, timestamp: number, bytes: number): boolean {
    if (now - this.#last > SILENCE_US) this.#since = now;
    this.#last = now;
    this.#bits.add(now, bytes * 8);
    if (timestamp !== this.#timestamp) {
      this.#timestamp = timestamp;
      this.#frames.add(now, 1);
    }
    if (this.#active) return false;
    // At its start it serves at once; one that comes back has to hold.
    if (this.#everActive && now - this.#since < STEADY_US) return false;
    this.#active = true;
    this.#everActive = true;
    return true;
  }

  /** To be called at `deadline`; true when the layer has gone silent. */
  update(now: number): boolean {
    if (!this.#active || now - this.#last <= SILENCE_US) return false;
    this.#active = false;
    return true;
  }

  get active(): boolean {
    return this.#active;
  }

  /** When `update` may have something to say; Infinity while there is nothing to lose. */
  get deadline(): number {
    return this.#active ? this.#last + SILENCE_US + 1 : Number.POSITIVE_INFINITY;
  }

  /** Bits a second over the last second; of a layer that has just begun, as if it went on so. */
  bitrate(now: number): number {
    const bits = this.#bits.perSecond(now);
    const age = now - this.#since;
    return age > 0 && age < 1_000_000 ? (bits * 1e6) / Math.max(age, 100_000) : bits;
  }

  framesPerSecond(now: number): number {
    return this.#frames.perSecond(now);
  }
}
