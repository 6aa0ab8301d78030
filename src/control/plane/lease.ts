import { assert } from "../../assert.ts";
import type { RingGrant } from "../../contract/source.ts";
import type { MediaKind } from "../../wire/codecs.ts";
import type { MediaPlane } from "./plane.ts";

/** What a source is to send of one kind. */
export interface RingNeed {
  readonly kind: MediaKind;
  /** A ring each; one ring when there are none. */
  readonly rids: readonly string[];
}

/**
 * The rings of one source. They go back to the pool when both its writer and every
 * reader have let go of them, whichever is later.
 */
export class RingLease {
  /** Of each need, one ring a layer. */
  readonly rings: readonly (readonly RingGrant[])[];
  readonly #plane: MediaPlane;
  #written = true;
  #read = false;

  /** Whether `take` would succeed now. Nothing is kept: another may be quicker. */
  static fits(plane: MediaPlane, needs: readonly RingNeed[]): boolean {
    return plane.hasRings(
      needs.flatMap(({ kind, rids }) => Array.from({ length: layerCount(rids) }, () => kind)),
    );
  }

  /**
   * Takes an audio ring or a video ring a layer for each need, which the worker `writer` is to
   * write; null when memory is used up.
   */
  static take(plane: MediaPlane, needs: readonly RingNeed[], writer: number): RingLease | null {
    const taken: RingGrant[] = [];
    const rings: RingGrant[][] = [];
    for (const { kind, rids } of needs) {
      const layers: RingGrant[] = [];
      for (let i = 0; i < layerCount(rids); i += 1) {
        const ring = plane.takeRing(kind, writer);
        if (ring === null) {
          for (const grant of taken) plane.returnRing(grant);
          return null;
        }
        taken.push(ring);
        layers.push(ring);
      }
      rings.push(layers);
    }
    return new RingLease(plane, rings);
  }

  private constructor(plane: MediaPlane, rings: readonly (readonly RingGrant[])[]) {
    this.#plane = plane;
    this.rings = rings;
  }

  /** Readers are about to be given these rings. */
  lend(): void {
    this.#read = true;
  }

  get lent(): boolean {
    return this.#read;
  }

  /** No reader has them any more. */
  readersGone(): void {
    assert(this.#read, "rings come back from readers once");
    this.#read = false;
    this.#giveBack();
  }

  /** Nobody writes into them any more. */
  writerGone(): void {
    assert(this.#written, "rings come back from their writer once");
    this.#written = false;
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#written || this.#read) return;
    for (const layers of this.rings) {
      for (const ring of layers) this.#plane.returnRing(ring);
    }
  }
}

function layerCount(rids: readonly string[]): number {
  return Math.max(1, rids.length);
}
