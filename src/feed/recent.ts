import { STAGE_PACKETS } from "../limits.ts";
import type { Staging } from "./staging.ts";

/** A power of two. */
const PACKETS = 256;
/** So many packets back from the newest of a plain batch are known for certain. */
export const RECENT_PACKETS = PACKETS - STAGE_PACKETS;

/**
 * What a ring's plain batches of late held, by origin sequence: for books that are kept once a viewer
 * has had several of them (src/egress/ledger.ts), when the staging has other packets already.
 */
export class Recent {
  readonly #sequences = new Int32Array(PACKETS);
  readonly timestamps = new Uint32Array(PACKETS);
  readonly arrivals = new Float64Array(PACKETS);
  readonly lengths = new Uint16Array(PACKETS);
  readonly paddings = new Uint8Array(PACKETS);
  readonly markers = new Uint8Array(PACKETS);

  /** Takes down a batch, if it is plain. */
  note(batch: Staging): void {
    if (!batch.plain) return;
    for (let i = 0; i < batch.count; i += 1) {
      const at = batch.sequences[i]! & (PACKETS - 1);
      this.#sequences[at] = batch.sequences[i]!;
      this.timestamps[at] = batch.timestamps[i]!;
      this.arrivals[at] = batch.arrivals[i]!;
      this.lengths[at] = batch.payloadLengths[i]!;
      this.paddings[at] = batch.paddings[i]!;
      this.markers[at] = batch.marker(i) ? 1 : 0;
    }
  }

  /** Where in the columns a packet stands; -1 when it is not there (any more). */
  find(sequence: number): number {
    const at = sequence & (PACKETS - 1);
    return this.#sequences[at] === sequence ? at : -1;
  }
}
