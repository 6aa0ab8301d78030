/**
 * Which simulcast layer's packets a viewer is sent: the old layer flows until a keyframe of the
 * wanted one begins; from there on the old one sends nothing more, not even late packets.
 */
import { SlotFlag } from "../ring/layout.ts";

export const Take = {
  no: 0,
  /** A packet of the layer that flows. */
  yes: 1,
  /** The first packet of the wanted layer: begin a new stretch of numbers with it. */
  begin: 2,
} as const;
export type Take = (typeof Take)[keyof typeof Take];

const NONE = -1;

export class LayerSwitch {
  /** The layer that flows, -1 for none. */
  current = NONE;
  /** The layer to go to; equal to `current` when there. */
  wanted = NONE;
  /** RTP timestamp of the wanted layer's packet last seen and not taken. */
  #seen = NONE;

  /** The layer whose keyframe is to be asked for now; -1 when nothing is pending. */
  get pending(): number {
    return this.wanted === this.current ? NONE : this.wanted;
  }

  /** Goes to a layer as soon as it offers a place to begin. Back to the present one cancels. */
  want(layer: number): void {
    this.wanted = layer;
    this.#seen = NONE;
  }

  /** The present layer is gone: nothing of it is waited for. */
  lose(layer: number): void {
    if (this.current === layer) this.current = NONE;
  }

  /** Whether a packet of `layer`, by its slot flags, is for this viewer. */
  take(layer: number, flags: number, timestamp: number): Take {
    if (layer === this.current) return Take.yes;
    if (layer !== this.wanted) return Take.no;
    // H.264 says of several packets that the keyframe begins (parameter sets, then slices): behind
    // a part of the same frame it is too late.
    if ((flags & SlotFlag.keyframeStart) === 0 || timestamp === this.#seen) {
      this.#seen = timestamp;
      return Take.no;
    }
    this.current = layer;
    return Take.begin;
  }
}
