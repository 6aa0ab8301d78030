import type { Staging } from "../feed/staging.ts";
import { LayerGate } from "../media/layer-gate.ts";
import { Verdict } from "../media/svc-filter.ts";
import { Vp8Rewrite } from "../media/vp8-rewrite.ts";
import { Vp9Rewrite } from "../media/vp9-rewrite.ts";
import { DecodeTargets } from "../ring/decode-targets.ts";
import { LayerFlag } from "../ring/layout.ts";
import { PacketLayers } from "../ring/packet-layers.ts";
import type { RingReader } from "../ring/reader.ts";
import { difference16 } from "../wire/bytes.ts";
import { Codec } from "../wire/codecs.ts";
import type { DescriptorChange } from "../wire/dependency-rewrite.ts";
import type { Outgoing } from "./outgoing.ts";

/** Every field that is rewritten lies in the first bytes of a payload descriptor: VP8 ends its
 * KEYIDX at 6 (RFC 7741 4.2), VP9 its TL0PICIDX at 5 (RFC 9628 4.2). */
const PATCHED_BYTES = 8;
const SPATIAL_ALL = 3;
const TEMPORAL_ALL = 7;

// Scratch of the one thread that runs this module: valid from `decide` to `undo` of one packet.
const layers = new PacketLayers();
const original = new Uint8Array(PATCHED_BYTES);
const change: DescriptorChange = {
  frameNumberOffset: 0,
  maskBit: 0,
  targets: 0,
  activeTargets: 0,
};

/**
 * A viewer's stretch of a ring whose packets tell their layers: which of them pass, and how they are
 * rewritten so that the decoder sees one stream without gaps, from one stretch to the next.
 */
export class LayerStretch {
  private readonly gate = new LayerGate();
  private readonly vp8: Vp8Rewrite | null;
  private readonly vp9: Vp9Rewrite | null;
  private readonly targets = new DecodeTargets();
  /** Added to the frame numbers of dependency descriptors, modulo 2^16. */
  private frameOffset = 0;
  /** Highest frame number that left, -1 before the first. */
  private lastFrame = -1;

  /** Begins at slot `i`, the start of a keyframe, behind what left in the stretch `before`. */
  constructor(
    private readonly reader: RingReader,
    batch: Staging,
    i: number,
    before: LayerStretch | null,
  ) {
    const codec = batch.codecs[i]!;
    this.vp8 = codec === Codec.vp8 ? new Vp8Rewrite() : null;
    this.vp9 = codec === Codec.vp9 ? new Vp9Rewrite() : null;
    this.gate.begin(batch.sequences[i]!);
    this.vp8?.begin(batch.region.bytes, batch.payloadOffset(i), before?.vp8 ?? null);
    this.vp9?.begin(batch.pictureId(i), batch.tl0PicIdx(i), before?.vp9 ?? null);
    batch.layersOf(i, layers);
    if (before === null || before.lastFrame < 0) return;
    this.frameOffset = (before.lastFrame + 1 - layers.frameNumber) & 0xffff;
    this.lastFrame = before.lastFrame;
  }

  /** Whether the packets of a ring have layers that can be told apart. */
  static serves(batch: Staging, i: number): boolean {
    return batch.hasLayers(i);
  }

  /** The layer point to send from the next border on that allows it. */
  setTarget(spatialId: number, temporalId: number): void {
    this.gate.filter.setTarget(spatialId, temporalId);
  }

  /** The layer point that flows; -1 before the first packet. */
  get spatialId(): number {
    return this.gate.filter.spatialId;
  }

  get temporalId(): number {
    return this.gate.filter.temporalId;
  }

  /** The wanted spatial layer can only be reached at a keyframe. */
  get wantsKeyframe(): boolean {
    return this.gate.filter.wantsKeyframe;
  }

  /** Of the packet last decided on, unless dropped: its place from the start of the stretch. */
  get place(): number {
    return this.gate.place;
  }

  /** Whether a number of the ring was passed already. */
  isDecided(sequence: number): boolean {
    return !this.gate.numbers.undecided(sequence);
  }

  /** The ring's number at a place; null when it is forgotten. */
  numberAt(place: number): number | null {
    return this.gate.numbers.numberAt(place);
  }

  /** Decides on slot `i`; a packet that was decided on already gets the same answer again. */
  decide(batch: Staging, i: number): Verdict {
    const sequence = batch.sequences[i]!;
    const first = this.gate.numbers.undecided(sequence);
    batch.layersOf(i, layers);
    const verdict = this.gate.decide(sequence, batch.timestamps[i]!, batch.flags[i]!, layers);
    const picture = batch.pictureId(i);
    if (first && this.vp8 !== null && picture >= 0 && !batch.skips(i)) {
      this.vp8.note(picture, batch.pictureIdBits(i), verdict === Verdict.forward);
    }
    return verdict;
  }

  /**
   * Rewrites the packet just decided on, in place; `undo` must follow once it is sealed. False when
   * it cannot leave after all.
   */
  apply(packet: Outgoing, batch: Staging, i: number): boolean {
    const { bytes } = packet.region;
    const at = packet.payloadOffset;
    for (let k = 0; k < PATCHED_BYTES; k += 1) original[k] = bytes[at + k]!;
    packet.marker = this.gate.filter.marker;
    return this.rewrite(packet, batch, i);
  }

  /**
   * The same rewriting of a packet that left before, from a copy of its slot that is nobody else's.
   * Decides nothing, so that it changes nothing of what flows. False when that is forgotten.
   */
  restore(packet: Outgoing, batch: Staging, i: number): boolean {
    batch.layersOf(i, layers);
    return this.rewrite(packet, batch, i);
  }

  /**
   * Whether `restore` gives the very bytes that left: not where a descriptor tells what flowed at
   * that moment, nor by picture ids so short that they come again within the memory of repairs.
   */
  repeats(batch: Staging, i: number): boolean {
    batch.layersOf(i, layers);
    if ((layers.flags & LayerFlag.descriptor) !== 0) return false;
    return this.vp8 === null || (batch.pictureId(i) >= 0 && batch.pictureIdBits(i) === 15);
  }

  private rewrite(packet: Outgoing, batch: Staging, i: number): boolean {
    const { bytes } = packet.region;
    const at = packet.payloadOffset;
    this.describe(packet, batch.sequences[i]!, batch.timestamps[i]!);
    this.vp9?.patch(bytes, at, batch.pictureIdOffset(i), batch.tl0PicIdxOffset(i));
    return this.vp8?.patch(bytes, at) ?? true;
  }

  /** Puts the shared copy of the payload back, `at` its first byte. */
  undo(bytes: Uint8Array, at: number): void {
    for (let k = 0; k < PATCHED_BYTES; k += 1) bytes[at + k] = original[k]!;
  }

  /** The dependency descriptor: one line of frame numbers, and what this viewer gets of the layers. */
  private describe(packet: Outgoing, sequence: number, timestamp: number): void {
    if ((layers.flags & LayerFlag.descriptor) === 0) return;
    const frame = (layers.frameNumber + this.frameOffset) & 0xffff;
    if (this.lastFrame < 0 || difference16(frame, this.lastFrame) > 0) this.lastFrame = frame;
    change.frameNumberOffset = this.frameOffset;
    change.targets = 0;
    if ((layers.flags & LayerFlag.start) !== 0 && this.isReduced(sequence, timestamp)) {
      change.maskBit = layers.targetsBit;
      change.targets = layers.targets;
    }
    if (this.frameOffset !== 0 || change.targets > 0) packet.descriptor = change;
  }

  /** AV1 RTP A.8.2: active_decode_targets_bitmask says which targets this viewer can still get. */
  private isReduced(sequence: number, timestamp: number): boolean {
    if (layers.targets === 0) return false;
    if (this.targets.version !== layers.targetsVersion && !this.targets.load(this.reader.views)) {
      return false;
    }
    if (this.targets.version !== layers.targetsVersion) return false;
    const point = this.gate.filter.pointAt(sequence, timestamp);
    change.activeTargets = this.targets.within(point >> 3, point & 7, layers.active);
    return change.activeTargets !== this.targets.within(SPATIAL_ALL, TEMPORAL_ALL, layers.active);
  }
}
