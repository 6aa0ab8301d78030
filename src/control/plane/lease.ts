import { assert } from "../../assert.ts";
import type { MediaSection } from "../../contract/session.ts";
import type { RingGrant, StreamSource } from "../../contract/source.ts";
import type { MediaPlane } from "./plane.ts";

/**
 * The rings of one publisher session. They go back to the pool when both its worker and every
 * reader have let go of them, whichever is later.
 */
export class RingLease {
  /** Of each media section, one ring a layer. */
  readonly rings: readonly (readonly RingGrant[])[];
  readonly #media: readonly MediaSection[];
  readonly #plane: MediaPlane;
  #written = true;
  #read = false;

  /** Whether `take` would succeed now. Nothing is kept: another may be quicker. */
  static fits(plane: MediaPlane, media: readonly MediaSection[]): boolean {
    return plane.hasRings(
      media.flatMap(({ kind, rids }) => Array.from({ length: layerCount(rids) }, () => kind)),
    );
  }

  /**
   * Takes an audio ring or a video ring a layer for each section, which the worker `writer` is to
   * write; null when memory is used up.
   */
  static take(plane: MediaPlane, media: readonly MediaSection[], writer: number): RingLease | null {
    const taken: RingGrant[] = [];
    const rings: RingGrant[][] = [];
    for (const section of media) {
      const layers: RingGrant[] = [];
      for (let i = 0; i < layerCount(section.rids); i += 1) {
        const ring = plane.takeRing(section.kind, writer);
        if (ring === null) {
          for (const grant of taken) plane.returnRing(grant);
          return null;
        }
        taken.push(ring);
        layers.push(ring);
      }
      rings.push(layers);
    }
    return new RingLease(plane, media, rings);
  }

  private constructor(
    plane: MediaPlane,
    media: readonly MediaSection[],
    rings: readonly (readonly RingGrant[])[],
  ) {
    this.#plane = plane;
    this.#media = media;
    this.rings = rings;
  }

  source(epoch: number): StreamSource {
    return { epoch, audio: this.of("audio")[0] ?? null, video: this.of("video") };
  }

  of(kind: "audio" | "video"): readonly RingGrant[] {
    const index = this.#media.findIndex((section) => section.kind === kind);
    return this.rings[index] ?? [];
  }

  /** Readers are about to be given these rings. */
  lend(): void {
    this.#read = true;
  }

  /** No reader has them any more. */
  readersGone(): void {
    assert(this.#read, "rings come back from readers once");
    this.#read = false;
    this.#giveBack();
  }

  /** The writer's worker has closed the session. */
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
