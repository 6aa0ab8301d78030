import type { LoadDistributions } from "./distributions.ts";
import { Pauses } from "./pauses.ts";

/** Of one viewer: between packets of its picture (else of sound), and between whole frames. */
export class ViewerPauses {
  readonly packets = new Pauses();
  readonly frames = new Pauses();

  /** At its end. */
  record(now: number, { longestGapUs, longestFreezeUs }: LoadDistributions): void {
    const [gap, freeze] = [this.packets.end(now), this.frames.end(now)];
    if (gap !== null) longestGapUs.record(gap);
    if (freeze !== null) longestFreezeUs.record(freeze);
  }
}
