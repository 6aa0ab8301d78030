/**
 * Which packets of a layered stream one viewer gets. Decisions fall at picture borders: a picture
 * whose lower layers have left cannot lose its top any more, since the marker bit would be missing
 * and a receiver would wait for the rest (RFC 9628 4.1; AV1 RTP 4.2).
 *
 * Down: temporal at once; spatial at once where the lower layer has been forwarded all along, else
 * (K-SVC) at a keyframe. Up: where the description says that a viewer may switch (Dependency
 * Descriptor: switch indication, A.7; VP9: keyframe, U; VP8: keyframe, Y), and, for VP9 with known
 * references, picture by picture as far as what a picture refers to has been forwarded.
 */
import { gridBit, LayerFlag, SlotFlag } from "../ring/layout.ts";
import type { PacketLayers } from "../ring/packet-layers.ts";

export const Verdict = {
  forward: 0,
  /** Not for this viewer; nothing has left after it, so that its number can be taken out. */
  drop: 1,
  /** Not for this viewer, but its number is reserved between packets that left: send padding. */
  fill: 2,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Pictures whose decision is remembered for their late packets: 2 s at 30 frames a second. */
const PICTURES = 64;
const LAYERS_ALL = 0xff;
const NONE = -1;
/** Beside a picture's layer point: nothing after it refers to what was before. */
const FRESH = 64;

export class SvcFilter {
  /** The layer point that the viewer gets now; -1 before the first keyframe. */
  spatialId = NONE;
  temporalId = NONE;
  /** The spatial layer can only change at a keyframe: ask for one. */
  wantsKeyframe = false;
  /** Of the packet last decided on: the RTP marker bit to send, when it is forwarded. */
  marker = false;
  /**
   * Of the packet last decided on, when dropped: it lies inside the frame of the packet before it,
   * which was dropped too. Numbers missing between them belong to that frame.
   */
  insideDropped = false;
  #targetSpatial = 3;
  #targetTemporal = 7;
  /** The target, but not above the highest spatial layer that the publisher sends. */
  #reach = 3;
  #highest = 3;
  #started = false;
  #head = 0;
  #timestamp = NONE;
  /** Highest temporal layer in the present picture. */
  #pictureTemporal = 0;
  /** One bit a spatial layer below the present one: all its frames have been forwarded. */
  #intact = 0;
  /** Highest temporal layer of which nothing was dropped since the last base layer picture. */
  #cycleTemporal = NONE;
  // What was forwarded: bit i of #sent for the number #newest - i.
  #newest = NONE;
  #sent = 0;
  // Of the packet before, in the order of numbers.
  #lastFrame = NONE;
  #lastDropped = false;
  // The newest pictures: first number, timestamp and layer point of each.
  readonly #sequences = new Int32Array(PICTURES);
  readonly #timestamps = new Uint32Array(PICTURES);
  readonly #points = new Uint8Array(PICTURES);
  #pictures = 0;
  #fresh = false;
  /** Lowest spatial layer of the pictures after the one last looked up. */
  #lowestSince = LAYERS_ALL;

  /** Begins anew: nothing passes before a keyframe. */
  reset(): void {
    this.spatialId = NONE;
    this.temporalId = NONE;
    this.#started = false;
    this.wantsKeyframe = false;
    this.#timestamp = NONE;
    this.#intact = 0;
    this.#cycleTemporal = NONE;
    this.#newest = NONE;
    this.#sent = 0;
    this.#lastFrame = NONE;
    this.#pictures = 0;
  }

  /** The layer point to reach, 0..3 and 0..7; beyond the stream's highest means the highest. */
  setTarget(spatialId: number, temporalId: number): void {
    this.#targetSpatial = spatialId;
    this.#targetTemporal = temporalId;
    if (this.spatialId === NONE) return;
    this.#reach = Math.min(spatialId, this.#highest);
    this.#updateWish();
  }

  /** Decides on one packet; packets come in the order of arrival, each once. */
  decide(sequence: number, timestamp: number, flags: number, layers: PacketLayers): Verdict {
    this.insideDropped = false;
    this.marker = (flags & SlotFlag.marker) !== 0;
    if (!this.#started) {
      if ((flags & SlotFlag.keyframeStart) === 0) return Verdict.drop;
      this.#started = true;
      this.#head = (sequence - 1) | 0;
    }
    if (((sequence - this.#head) | 0) <= 0) return this.#late(sequence, timestamp, flags, layers);
    this.#head = sequence;
    if ((flags & SlotFlag.skip) !== 0) return Verdict.drop;
    if (timestamp !== this.#timestamp) this.#openPicture(sequence, timestamp, flags, layers);
    // A stream without layers, or a packet without a description: nobody can say it is too much.
    if (layers.frameNumberBits === 0) return this.#passed(NONE);
    const frame = layers.frameNumber * 4 + layers.spatialId;
    const point = gridBit(this.spatialId, this.#pictureTemporal);
    if ((layers.needed & point) === 0) return this.#dropped(frame, layers);
    this.#noteSent(layers, true);
    this.#endPicture(layers, this.spatialId);
    return this.#passed(frame);
  }

  /** Layer point that the picture of a packet was sent at; when it is forgotten, the present one. */
  pointAt(sequence: number, timestamp: number): number {
    const point = this.#pointOf(sequence, timestamp);
    return point === NONE ? this.spatialId * 8 + this.#pictureTemporal : point;
  }

  /**
   * The viewer's top layer ends its picture; so does a lower one behind which only layers above come:
   * an encoder that is short of bits leaves out layers of a picture, and a receiver that sees no
   * marker drops all of it (libwebrtc FrameBuffer), with everything that refers to it.
   */
  #endPicture(layers: PacketLayers, top: number): void {
    if ((layers.flags & LayerFlag.end) === 0) return;
    if (layers.spatialId === top || layers.nextSpatialId > top) this.marker = true;
  }

  #passed(frame: number): Verdict {
    this.#lastFrame = frame;
    this.#lastDropped = false;
    return Verdict.forward;
  }

  #dropped(frame: number, layers: PacketLayers): Verdict {
    const start = (layers.flags & LayerFlag.start) !== 0;
    this.insideDropped = this.#lastDropped && this.#lastFrame === frame && !start;
    this.#lastFrame = frame;
    this.#lastDropped = true;
    this.#noteSent(layers, false);
    this.#forgoLower(layers, this.#pictureTemporal);
    return Verdict.drop;
  }

  #late(sequence: number, timestamp: number, flags: number, layers: PacketLayers): Verdict {
    if ((flags & SlotFlag.skip) !== 0) return Verdict.fill;
    if (layers.frameNumberBits === 0) return Verdict.forward;
    const point = this.#pointOf(sequence, timestamp);
    if (point === NONE || !this.#neededLate(layers, point)) {
      this.#forgoLower(layers, point === NONE ? 0 : point & 7);
      return Verdict.fill;
    }
    this.#noteSent(layers, true);
    this.#endPicture(layers, point >> 3);
    return Verdict.forward;
  }

  /** By its own picture's layer point, or by a lower layer that the viewer has fallen to since. */
  #neededLate(layers: PacketLayers, point: number): boolean {
    if (((layers.needed >>> point) & 1) !== 0) return true;
    const below = this.#lowestSince;
    return below < point >> 3 && (layers.needed & gridBit(below, point & 7)) !== 0;
  }

  /** Layer point of the picture that a late packet belongs to, or of the one before it. */
  #pointOf(sequence: number, timestamp: number): number {
    const oldest = Math.max(0, this.#pictures - PICTURES);
    this.#lowestSince = LAYERS_ALL;
    for (let i = this.#pictures - 1; i >= oldest; i -= 1) {
      const at = i % PICTURES;
      const point = this.#points[at]! & ~FRESH;
      if (this.#timestamps[at] === timestamp) return point;
      if (((sequence - this.#sequences[at]!) | 0) >= 0) return point;
      const fresh = (this.#points[at]! & FRESH) !== 0;
      this.#lowestSince = fresh ? LAYERS_ALL : Math.min(this.#lowestSince, point >> 3);
    }
    return NONE;
  }

  /** Lower layers that miss this frame cannot be fallen back to without a keyframe. */
  #forgoLower(layers: PacketLayers, temporalId: number): void {
    for (let layer = 0; layer < this.spatialId; layer += 1) {
      if ((layers.needed & gridBit(layer, temporalId)) !== 0) this.#intact &= ~(1 << layer);
    }
  }

  /** The first packet of a picture in the order of numbers has come. */
  #openPicture(sequence: number, timestamp: number, flags: number, layers: PacketLayers): void {
    this.#timestamp = timestamp;
    this.#fresh = (flags & SlotFlag.keyframeStart) !== 0;
    if (layers.frameNumberBits > 0) this.#choosePoint(flags, layers);
    else this.#settleWithoutLayers();
    const at = this.#pictures % PICTURES;
    this.#sequences[at] = sequence;
    this.#timestamps[at] = timestamp;
    this.#points[at] = this.spatialId * 8 + this.#pictureTemporal + (this.#fresh ? FRESH : 0);
    this.#pictures += 1;
    this.#updateWish();
  }

  #settleWithoutLayers(): void {
    if (this.spatialId !== NONE) return;
    this.spatialId = this.#reach;
    this.temporalId = this.#targetTemporal;
    this.#pictureTemporal = this.temporalId;
  }

  #choosePoint(flags: number, layers: PacketLayers): void {
    this.#highest = highestOf(layers.active);
    this.#reach = Math.min(this.#targetSpatial, this.#highest);
    const target = this.#reach;
    if ((flags & SlotFlag.discontinuity) !== 0) this.#sent = 0;
    if (this.temporalId > this.#targetTemporal) this.temporalId = this.#targetTemporal;
    if (target < this.spatialId && (this.#intact & (1 << target)) !== 0) this.spatialId = target;
    const keyframe = (flags & SlotFlag.keyframeStart) !== 0;
    const reached = target === this.spatialId && this.#targetTemporal === this.temporalId;
    if (!reached && layers.switches !== 0) this.#climb(layers, keyframe);
    // A keyframe without switch indications (broken, or a structure that is lost): take all of it.
    if (this.spatialId === NONE) this.#settleWithoutLayers();
    if (keyframe) this.#intact = LAYERS_ALL;
    this.#pictureTemporal = this.temporalId;
    if ((layers.flags & LayerFlag.descriptor) === 0) this.#followReferences(layers);
  }

  /** Goes to the best layer point that the frame allows, if the frame can be decoded. */
  #climb(layers: PacketLayers, keyframe: boolean): void {
    const from = this.spatialId;
    if (!keyframe && !this.#decodable(layers)) return;
    const fixed = (layers.flags & LayerFlag.temporalOnly) !== 0;
    const floor = this.#reach < from ? this.#reach : Math.max(0, from);
    const first = fixed ? from : this.#reach;
    const last = fixed ? from : floor;
    for (let spatialId = first; spatialId >= last; spatialId -= 1) {
      for (let temporalId = this.#targetTemporal; temporalId >= 0; temporalId -= 1) {
        if (spatialId === from && temporalId <= this.temporalId) break;
        if ((layers.switches & gridBit(spatialId, temporalId)) === 0) continue;
        const oneStep = (layers.flags & LayerFlag.oneStep) !== 0;
        if (oneStep && temporalId !== this.temporalId + 1) continue;
        if (from >= 0 && spatialId > from) this.#intact |= 1 << from;
        this.#fresh ||= spatialId !== from;
        this.spatialId = spatialId;
        this.temporalId = temporalId;
        return;
      }
    }
  }

  /** Part of what flows, or everything that it refers to was forwarded. */
  #decodable(layers: PacketLayers): boolean {
    if (this.spatialId === NONE) return false;
    if ((layers.needed & gridBit(this.spatialId, this.temporalId)) !== 0) return true;
    if ((layers.flags & LayerFlag.oneStep) !== 0) return true;
    return this.#referencesSent(layers);
  }

  #referencesSent(layers: PacketLayers): boolean {
    if ((layers.flags & LayerFlag.referencesKnown) === 0 || this.#newest === NONE) return false;
    const back = this.#aheadOfNewest(layers);
    if (back <= 0 || back > 32) return layers.references === 0;
    return (layers.references & ~(this.#sent << (back - 1))) === 0;
  }

  /**
   * VP9: lets single pictures of higher temporal layers through when what they refer to was
   * forwarded; the layer is reached when a whole cycle, from one base layer picture to the next,
   * has passed.
   */
  #followReferences(layers: PacketLayers): void {
    if ((layers.flags & LayerFlag.referencesKnown) === 0) return;
    const { temporalId } = layers;
    if (temporalId === 0) {
      const whole = Math.min(this.#cycleTemporal, this.#targetTemporal);
      if (whole > this.temporalId) this.temporalId = whole;
      this.#pictureTemporal = this.temporalId;
      this.#cycleTemporal = 7;
    } else if (temporalId > this.temporalId) {
      const wanted = temporalId <= this.#targetTemporal;
      if (wanted && this.#referencesSent(layers)) this.#pictureTemporal = temporalId;
      else this.#cycleTemporal = Math.min(this.#cycleTemporal, temporalId - 1);
    }
  }

  #noteSent(layers: PacketLayers, forwarded: boolean): void {
    const bit = forwarded ? 1 : 0;
    const ahead = this.#newest === NONE ? 32 : this.#aheadOfNewest(layers);
    if (ahead > 0) {
      this.#sent = ahead >= 32 ? bit : (this.#sent << ahead) | bit;
      this.#newest = layers.frameNumber;
    } else if (ahead > -32) {
      this.#sent |= bit << -ahead;
    }
  }

  #aheadOfNewest(layers: PacketLayers): number {
    const shift = 32 - layers.frameNumberBits;
    return ((layers.frameNumber - this.#newest) << shift) >> shift;
  }

  #updateWish(): void {
    const target = this.#reach;
    const fallsBack = target < this.spatialId && (this.#intact & (1 << target)) !== 0;
    this.wantsKeyframe = this.spatialId !== NONE && target !== this.spatialId && !fallsBack;
  }
}

/** The highest spatial layer of a grid; 0 when it is empty. */
function highestOf(grid: number): number {
  for (let spatialId = 3; spatialId > 0; spatialId -= 1) {
    if (((grid >>> (spatialId * 8)) & 0xff) !== 0) return spatialId;
  }
  return 0;
}
