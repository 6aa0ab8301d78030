import { RING_MARGIN } from "../limits.ts";

/** Groups of pictures up to this long are kept whole; joins to a longer one wait for a keyframe. */
export const GOP_HELD_MAX_US = 10_000_000;
/** A ring holds at least this much at the publisher's rate. */
const HELD_MIN_US = 2_000_000;
/** Rates are taken over this long at least: a keyframe alone would look like a fast stream. */
const WINDOW_US = 500_000;

/** How many slots a ring's content needs: two seconds, and its group of pictures up to ten. */
export class RingNeed {
  /** Only grows: a stream that was fast once may be so again. */
  slots = 0;
  private windowStart = 0;
  private windowPackets = 0;

  /** A packet arrived (us). A fast stream asks for room before its first group has ended. */
  notePacket(arrival: number): void {
    if (this.windowPackets === 0) this.windowStart = arrival;
    this.windowPackets += 1;
    const elapsedUs = arrival - this.windowStart;
    if (elapsedUs < WINDOW_US) return;
    this.raise((this.windowPackets * HELD_MIN_US) / elapsedUs);
    this.windowPackets = 0;
  }

  /** A whole group of pictures of so many packets took so long. */
  noteGroup(packets: number, elapsedUs: number): void {
    const twoSeconds = (packets * HELD_MIN_US) / Math.max(1, elapsedUs);
    this.raise(Math.max(elapsedUs > GOP_HELD_MAX_US ? 0 : packets, twoSeconds));
  }

  /** A group of pictures goes on beyond what the ring holds now. */
  noteLonger(slots: number): void {
    this.slots = Math.max(this.slots, slots + 1);
  }

  private raise(packets: number): void {
    this.slots = Math.max(this.slots, Math.ceil(packets) + RING_MARGIN * 2);
  }
}
