import type { LoadDistributions } from "./distributions.ts";
import { Pauses } from "./pauses.ts";
import type { Timeline } from "./timeline.ts";

/** Of one viewer: between packets of its picture (else of sound), and between whole frames. */
export class ViewerPauses {
  readonly #packets = new Pauses();
  readonly #frames = new Pauses();

  constructor(private readonly timeline: Timeline) {}

  packet(at: number, measuring: boolean): void {
    this.timeline.gap(at, this.#packets.note(at, measuring));
  }

  frame(at: number, measuring: boolean): void {
    this.timeline.freeze(at, this.#frames.note(at, measuring));
  }

  /** At its end. */
  record(now: number, { longestGapUs, longestFreezeUs }: LoadDistributions): void {
    const [gap, freeze] = [this.#packets.end(now), this.#frames.end(now)];
    if (gap !== null) longestGapUs.record(gap);
    if (freeze !== null) longestFreezeUs.record(freeze);
    // The last ones did not end.
    this.packet(now, gap !== null);
    this.frame(now, freeze !== null);
  }
}
