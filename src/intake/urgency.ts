import { HELD_PACKETS_MAX } from "../limits.ts";
import { LayerFlag, Slot, SlotFlag } from "../ring/layout.ts";

/**
 * Which of a ring's packets are told to readers that doze (src/ring/doorbell.ts): whatever may be the
 * last of a frame for some of their viewers, what fills a hole, and each run of as many as may wait.
 * What they do with it is theirs (src/feed/holding.ts).
 */
export class Urgency {
  #started = false;
  #highest = 0;
  /** Packets since the last urgent one. */
  #run = 0;
  /** The one before ended a layer's frame: this one tells whether the picture goes on. */
  #open = false;

  /** Whether a slot that was just filled is urgent. */
  of(data: DataView, offset: number, origin: number, video: boolean): boolean {
    const late = this.#started && ((origin - this.#highest) | 0) < 0;
    this.#started = true;
    if (late) return true;
    this.#highest = origin;
    if (!video) return false;
    const marker = (data.getUint32(offset + Slot.flags, true) & SlotFlag.marker) !== 0;
    const layered = data.getUint8(offset + Slot.frameNumberBits) !== 0;
    const end = layered && (data.getUint8(offset + Slot.layerFlags) & LayerFlag.end) !== 0;
    this.#run += 1;
    const urgent = marker || end || this.#open || this.#run >= HELD_PACKETS_MAX;
    this.#open = end && !marker;
    if (urgent) this.#run = 0;
    return urgent;
  }
}
