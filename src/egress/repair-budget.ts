import { REPAIR_BYTES_MIN, RTX_BURST_BYTES, RTX_SHARE_MAX } from "../limits.ts";

/** Bytes of repair that a viewer may cause: a share of what it is sent, with room for a burst. */
export class RepairBudget {
  private bytes = RTX_BURST_BYTES;

  /** Media left for the viewer. */
  earn(bytes: number): void {
    this.bytes = Math.min(RTX_BURST_BYTES, this.bytes + bytes * RTX_SHARE_MAX);
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
