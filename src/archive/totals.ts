/** Why a segment was not written: the disk was too slow, has no room or failed, or memory was full. */
export const LOSS_REASONS = ["slow", "full", "failed", "memory"] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** What was written since the start, and what was not. */
export class Totals {
  bytes = 0;
  segments = 0;
  readonly lost: Record<LossReason, number> = { slow: 0, full: 0, failed: 0, memory: 0 };

  wrote(bytes: number): void {
    this.bytes += bytes;
    this.segments += 1;
  }

  lose(reason: LossReason): void {
    this.lost[reason] += 1;
  }
}
