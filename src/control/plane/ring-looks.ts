import type { RingGrant } from "../../contract/source.ts";
import { LayerTable } from "../../feed/layer-table.ts";
import type { RingDescription } from "../../ring/layout.ts";
import { RingReader } from "../../ring/reader.ts";

/** In place of a reader thread's number: whoever only looks has no words in the header. */
const LOOKS_ONLY = -1;

/** What control sees of rings: their headers. */
export class RingLooks {
  readonly #readers = new Map<number, RingReader>();

  describe(ring: RingGrant): RingDescription {
    let reader = this.#readers.get(ring.index);
    if (reader === undefined) {
      reader = new RingReader(ring.buffer, LOOKS_ONLY);
      this.#readers.set(ring.index, reader);
    }
    return reader.describe();
  }

  layers(rings: readonly RingGrant[]): LayerTable {
    return new LayerTable(rings.map((ring) => new RingReader(ring.buffer, LOOKS_ONLY)));
  }
}
