import { SlotFlag } from "../../ring/layout.ts";
import type { Assembly } from "./assembly.ts";
import type { Frame, Packet } from "./frame.ts";

/**
 * Frames out of the packets of one encoder: those of one RTP time. What is malformed costs its frame
 * and those up to the next keyframe.
 */
export class VideoFrames {
  /** Frames dropped for malformed input. */
  dropped = 0;
  readonly #assembly: Assembly;
  #waits = true;
  /** Packets may be missing in front of the next one. */
  #hole = true;
  /** The sender has marked another packet than a frame's last: then only the next frame ends one. */
  #marksAnything = false;
  // Of the frame that comes now.
  #timestamp = -1;
  #arrivalUs = 0;
  /** Its beginning may be missing. */
  #torn = false;
  /** Nothing more of it is of use: it was malformed or left already. */
  #broken = false;
  #left = false;

  constructor(assembly: Assembly) {
    this.#assembly = assembly;
  }

  get waitsForKeyframe(): boolean {
    return this.#waits;
  }

  /** Why no tail can be made of them, as the end of a sentence; null where one can. */
  get unfit(): string | null {
    return this.#assembly.unfit;
  }

  /** Takes the next packet; `out` gets a frame that it completes. */
  push(packet: Packet, out: (frame: Frame) => void): void {
    const { timestamp, flags, payload } = packet;
    if ((flags & SlotFlag.skip) !== 0) {
      // Padding stands between frames: here a packet was malformed.
      if (this.#assembly.open) this.#fail();
      return;
    }
    if (timestamp !== this.#timestamp) {
      this.#end(out);
      this.#begin(packet);
    }
    if (this.#broken) return;
    if (!this.#assembly.push(payload, flags)) this.#fail();
    // What has left was not whole.
    else if (this.#left && this.#assembly.hasPicture) this.#fail();
    // A mark in front of the picture, or within it, is none.
    else if ((flags & SlotFlag.marker) !== 0 && !this.#marksAnything && this.#isWhole) {
      this.#leave(out);
    }
  }

  /** Packets are missing: drops the open frame, and all up to the next keyframe. */
  reset(): void {
    this.#assembly.begin(true);
    this.#timestamp = -1;
    this.#waits = true;
    this.#hole = true;
  }

  get #isWhole(): boolean {
    return this.#assembly.hasPicture && !this.#assembly.open;
  }

  #begin({ timestamp, arrivalUs }: Packet): void {
    this.#timestamp = timestamp;
    this.#arrivalUs = arrivalUs;
    this.#torn = this.#hole;
    this.#hole = false;
    this.#broken = false;
    this.#left = false;
    this.#assembly.begin(this.#torn);
  }

  /** Another timestamp comes. */
  #end(out: (frame: Frame) => void): void {
    if (this.#timestamp < 0 || this.#broken) return;
    if (this.#assembly.open) this.#fail();
    else if (this.#isWhole) this.#leave(out);
  }

  #leave(out: (frame: Frame) => void): void {
    const { key } = this.#assembly;
    const format = key ? this.#assembly.format() : null;
    if (key && format === null) {
      this.#fail();
      return;
    }
    this.#left = true;
    const data = this.#assembly.take();
    if (this.#waits && !key) return;
    this.#waits = false;
    out({
      timestamp: this.#timestamp,
      arrivalUs: this.#arrivalUs,
      key,
      data,
      format,
      samples: 0,
    });
  }

  #fail(): void {
    // The mark that a frame left by was none: from now on none is believed.
    if (this.#left) this.#marksAnything = true;
    // What a hole has left of one is nobody's fault.
    if (this.#left || !this.#torn) this.dropped += 1;
    this.#assembly.begin(true);
    this.#broken = true;
    this.#waits = true;
  }
}
