import {
  REPAIR_BYTES_MIN,
  RTX_BURST_BYTES,
  RTX_BURST_BYTES_MAX,
  RTX_SHARE_MAX,
} from "../limits.ts";

const WINDOW_US = 1_000_000;

/** Bytes of repair that a viewer may cause: a share of what it is sent, with room for a burst. */
export class RepairBudget {
  private bytes = RTX_BURST_BYTES;
  /** What was sent in the present second, and in the one before. */
  private sent = 0;
  private sentBefore = 0;
  private windowEnd = 0;

  /** Media left for the viewer at `now`, us. */
  earn(bytes: number, now: number): void {
    if (now >= this.windowEnd) {
      this.sentBefore = now < this.windowEnd + WINDOW_US ? this.sent : 0;
      this.sent = 0;
      this.windowEnd = now + WINDOW_US;
    }
    this.sent += bytes;
    const share = Math.max(this.sent, this.sentBefore) * RTX_SHARE_MAX;
    const room = Math.min(RTX_BURST_BYTES_MAX, Math.max(RTX_BURST_BYTES, share));
    this.bytes = Math.min(room, this.bytes + bytes * RTX_SHARE_MAX);
  }

  /** True when a repair of so many bytes is within the budget, which then pays for it. */
  spend(bytes: number): boolean {
    const cost = Math.max(REPAIR_BYTES_MIN, bytes);
    if (this.bytes < cost) return false;
    this.bytes -= cost;
    return true;
  }

  /** A probe leaves: its feedback, the viewer's, decides when it does. */
  charge(bytes: number): void {
    this.bytes = Math.max(0, this.bytes - bytes);
  }
}
