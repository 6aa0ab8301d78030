import { Loaded, records } from "./guarded-record.ts";
import { Guarded, LAYER_POINTS, type RingViews, ToldRecord } from "./layout.ts";

/**
 * Figures of a ring's layers that its writer has from elsewhere, by layer point: the packets are not
 * here as long as nobody wants them, and nobody could want what no reader knows of. Sizes it stores
 * as any writer does. They are to be told some times a second, of layers that are usable there.
 */
export class ToldLayers {
  /** Keyframes have been sent: whoever wants the ring gets one to start at. */
  keyframes = false;
  /** Bits a second on the wire, everything that a viewer of the point would be sent. */
  readonly bitrates = new Float64Array(LAYER_POINTS);
  /** When the newest packet of the point itself came to where it is known, us; 0 before the first. */
  readonly seenUs = new Float64Array(LAYER_POINTS);

  /** Writer: tells these figures. */
  store(views: RingViews): void {
    const { told } = records;
    told.words[ToldRecord.keyframes] = this.keyframes ? 1 : 0;
    told.floats.set(this.bitrates, ToldRecord.bitrates);
    told.floats.set(this.seenUs, ToldRecord.seen);
    told.store(views.words, Guarded.told.bytes);
  }

  /** Reader: takes the figures told last; keeps those it has when there are none, or none yet. */
  load(views: RingViews): void {
    const { told } = records;
    if (told.load(views.words) !== Loaded.ok) return;
    this.keyframes = told.words[ToldRecord.keyframes] !== 0;
    for (let point = 0; point < LAYER_POINTS; point += 1) {
      this.bitrates[point] = told.floats[ToldRecord.bitrates + point]!;
      this.seenUs[point] = told.floats[ToldRecord.seen + point]!;
    }
  }
}
