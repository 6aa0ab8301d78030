import type { PacketLayers } from "../ring/packet-layers.ts";
import { DroppedNumbers } from "./dropped-numbers.ts";
import { SvcFilter, Verdict } from "./svc-filter.ts";

/**
 * One viewer's stretch of a layered ring: which packets pass, and which place each has among those
 * that do, so that sequence numbers go on without gaps where layers are dropped. A packet that is
 * missing keeps a place until it comes; if it turns out to belong to a dropped layer, the place is
 * filled with a padding-only packet.
 */
export class LayerGate {
  readonly filter = new SvcFilter();
  readonly numbers = new DroppedNumbers();
  /** Of the packet last decided on, unless dropped: its place from the start of the stretch. */
  place = 0;

  /** Begins at a keyframe's first packet. */
  begin(sequence: number): void {
    this.filter.reset();
    this.numbers.reset(sequence);
  }

  /** Decides on one packet; with `forward` and `fill`, `place` is where it leaves. */
  decide(sequence: number, timestamp: number, flags: number, layers: PacketLayers): Verdict {
    // What was dropped once must not count as sent when it is asked about again.
    if (this.numbers.isDropped(sequence)) return Verdict.drop;
    const verdict = this.filter.decide(sequence, timestamp, flags, layers);
    if (this.numbers.undecided(sequence)) {
      if (verdict === Verdict.forward) {
        this.numbers.keep(sequence);
      } else {
        // What is missing inside a dropped frame is dropped with it.
        if (this.filter.insideDropped) this.numbers.dropThrough(sequence);
        else this.numbers.drop(sequence);
        return Verdict.drop;
      }
    }
    this.place = this.numbers.placeOf(sequence);
    return this.place < 0 ? Verdict.drop : verdict;
  }
}
