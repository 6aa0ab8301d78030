import type { Stamp } from "./stamp.ts";

/** Packets that may be out of order at once. A power of two. */
const WINDOW = 1024;
/** A hole this many packets behind the newest is not waited for any more. */
const PATIENCE = 512;

const Flag = { present: 1, marker: 2, keyframe: 4, stamped: 8 } as const;

/**
 * Puts the packets of one track in order and tells whole frames from broken ones, as a decoder would
 * see them: from the first keyframe on, a frame is complete when all its packets came. Packets of
 * our own publisher say themselves which packet of which frame they are; that is checked too.
 */
export class FrameCheck {
  complete = 0;
  broken = 0;
  /** Stamped packets that do not follow their predecessor though their sequence numbers do. */
  stampBreaks = 0;
  #started = false;
  #next = 0;
  #head = 0;
  /** What is missing before it does not come any more. */
  #settled = 0;
  readonly #sequences = new Int32Array(WINDOW);
  readonly #flags = new Uint8Array(WINDOW);
  readonly #timestamps = new Uint32Array(WINDOW);
  readonly #frames = new Float64Array(WINDOW);
  readonly #indices = new Uint16Array(WINDOW);
  readonly #counts = new Uint16Array(WINDOW);
  // The frame that is being put together.
  #open = false;
  #whole = true;
  #holed = false;
  #decodable = false;
  #timestamp = 0;
  // The stamp before.
  #lastFrame = -1;
  #lastIndex = 0;
  #lastCount = 0;

  /**
   * One packet; `sequence` is unwrapped. `stamp` is null for packets of other publishers. True when
   * a frame is whole with it.
   */
  insert(
    sequence: number,
    timestamp: number,
    marker: boolean,
    keyframe: boolean,
    stamp: Readonly<Stamp> | null,
  ): boolean {
    const { complete } = this;
    if (!this.#started) {
      if (!keyframe) return false;
      this.#started = true;
      this.#next = sequence;
      this.#head = sequence;
    }
    if (sequence < this.#next) return false;
    const at = sequence & (WINDOW - 1);
    this.#sequences[at] = sequence;
    this.#timestamps[at] = timestamp;
    this.#flags[at] =
      Flag.present |
      (marker ? Flag.marker : 0) |
      (keyframe ? Flag.keyframe : 0) |
      (stamp === null ? 0 : Flag.stamped);
    if (stamp !== null) {
      this.#frames[at] = stamp.frame;
      this.#indices[at] = stamp.index;
      this.#counts[at] = stamp.count;
    }
    if (sequence > this.#head) this.#head = sequence;
    this.#advance();
    return this.complete > complete;
  }

  /** What is missing before `sequence` was given up. */
  settle(sequence: number): void {
    this.#settled = sequence;
  }

  /** A frame without media (padding) also has its place in the numbering. */
  skip(sequence: number): void {
    if (!this.#started || sequence < this.#next) return;
    const at = sequence & (WINDOW - 1);
    this.#sequences[at] = sequence;
    this.#flags[at] = 0;
    if (sequence > this.#head) this.#head = sequence;
    this.#advance();
  }

  #advance(): void {
    for (;;) {
      const at = this.#next & (WINDOW - 1);
      if (this.#next <= this.#head && this.#sequences[at] === this.#next) {
        if ((this.#flags[at]! & Flag.present) !== 0) this.#process(at);
      } else if (
        this.#next < this.#head - PATIENCE ||
        this.#next < Math.min(this.#settled, this.#head)
      ) {
        this.#hole();
      } else {
        return;
      }
      this.#next += 1;
    }
  }

  #hole(): void {
    this.#holed = true;
    this.#lastFrame = -1;
  }

  #process(at: number): void {
    const flags = this.#flags[at]!;
    if (this.#holed && this.#open) this.#whole = false;
    if (this.#open && this.#timestamps[at] !== this.#timestamp) this.#close(false);
    if (!this.#open) {
      this.#open = true;
      // What is missing may have been the beginning of this frame.
      this.#whole = !this.#holed;
    }
    this.#holed = false;
    this.#timestamp = this.#timestamps[at]!;
    if ((flags & Flag.keyframe) !== 0) this.#decodable = true;
    if ((flags & Flag.stamped) !== 0) this.#followStamp(at);
    if ((flags & Flag.marker) !== 0) this.#close(true);
  }

  #close(ended: boolean): void {
    if (ended && this.#whole && this.#decodable) this.complete += 1;
    else this.broken += 1;
    this.#open = false;
  }

  #followStamp(at: number): void {
    const frame = this.#frames[at]!;
    const index = this.#indices[at]!;
    const follows =
      this.#lastFrame === -1 ||
      (frame === this.#lastFrame && index === this.#lastIndex + 1) ||
      (frame === this.#lastFrame + 1 && index === 0 && this.#lastIndex === this.#lastCount - 1);
    if (!follows) this.stampBreaks += 1;
    this.#lastFrame = frame;
    this.#lastIndex = index;
    this.#lastCount = this.#counts[at]!;
  }
}
