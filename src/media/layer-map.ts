/**
 * One description of a packet's layers for all codecs: from the Dependency Descriptor where the
 * publisher sends one (Chromium does for AV1, VP9 and VP8), else from the VP9 or VP8 payload
 * descriptor. Layer points are bits of a grid word: spatialId * 8 + temporalId.
 */
import { gridBit, LayerFlag } from "../ring/layout.ts";
import type { PacketLayers } from "../ring/packet-layers.ts";
import { Codec, type CodecId } from "../wire/codecs.ts";
import type { DependencyDescriptorReader } from "../wire/dependency-descriptor.ts";
import {
  DECODE_TARGETS_MAX,
  SPATIAL_LAYERS_MAX,
  TEMPORAL_LAYERS_MAX,
} from "../wire/dependency-structure.ts";
import type { PayloadDescription } from "../wire/payload-description.ts";
import { PictureGroup } from "./picture-group.ts";

const ALL_POINTS = 0xffffffff;

/** Describes the packets of one RTP stream, in about the order of arrival. */
export class LayerMap {
  readonly #group = new PictureGroup();
  /** Layer point of each decode target, for the structure of this version. */
  readonly #pointOf = new Uint8Array(DECODE_TARGETS_MAX);
  #targets = 0;
  /** VP9: the highest spatial layer, as the scalability structure or the packets so far say. */
  #top = 0;
  #version = -1;
  /** Grid points by decode target: those for which it is the best. */
  readonly #gridOf = new Uint32Array(DECODE_TARGETS_MAX);

  /** Another SSRC begins. */
  reset(): void {
    this.#group.clear();
    this.#top = 0;
    this.#version = -1;
  }

  /** From a descriptor that was read without error. */
  fromDescriptor(dd: DependencyDescriptorReader, out: PacketLayers): void {
    if (dd.version !== this.#version) this.#follow(dd);
    out.clear();
    // A late keyframe of a structure that was replaced: its targets would be taken for others.
    if (dd.structure.targets !== this.#targets) return;
    out.frameNumber = dd.frameNumber;
    out.frameNumberBits = 16;
    out.spatialId = dd.spatialId;
    out.temporalId = dd.temporalId;
    out.flags = LayerFlag.descriptor;
    if (dd.startOfFrame) out.flags |= LayerFlag.start;
    if (dd.endOfFrame) out.flags |= LayerFlag.end;
    if (!dd.farReference) out.flags |= LayerFlag.referencesKnown;
    out.references = dd.references;
    out.needed = this.#gridFor(dd.present);
    out.switches = this.#gridFor(dd.switching);
    out.active = this.#gridFor(dd.activeTargets);
    out.targetsBit = dd.maskBit;
    out.targets = dd.structure.targets;
    out.targetsVersion = this.#version & 0xff;
  }

  /** From a payload descriptor; says nothing (frameNumberBits 0) for codecs without layers. */
  fromPayload(
    codec: CodecId,
    payload: PayloadDescription,
    bytes: Uint8Array,
    offset: number,
    out: PacketLayers,
  ): void {
    out.clear();
    out.spatialId = payload.spatialId;
    out.temporalId = payload.temporalId;
    if (payload.pictureId < 0) return;
    if (codec === Codec.vp8) this.#fromVp8(payload, out);
    else if (codec === Codec.vp9) this.#fromVp9(payload, bytes, offset, out);
  }

  /** Of the structure of the descriptor last described; -1 before the first. */
  get targetsVersion(): number {
    return this.#version;
  }

  /** Decode targets of the present structure as grid points, into `out`. Returns how many. */
  targetPoints(out: Uint8Array): number {
    for (let i = 0; i < this.#targets; i += 1) out[i] = this.#pointOf[i]!;
    return this.#targets;
  }

  /** RFC 7741 4.2: temporal layers only. */
  #fromVp8(payload: PayloadDescription, out: PacketLayers): void {
    describe(payload, out);
    out.needed = pointsWithin(0, 0, payload.temporalId);
    out.active = pointsWithin(0, 0, 0);
    if (payload.keyframe) out.switches = ALL_POINTS;
    else if (payload.switchingPoint && payload.temporalId > 0) {
      // Y: depends on the base layer only; what lies between must flow already.
      out.switches = gridBit(0, payload.temporalId) >>> 0;
      out.flags |= LayerFlag.oneStep | LayerFlag.temporalOnly;
    }
  }

  /** RFC 9628 4.2. */
  #fromVp9(
    payload: PayloadDescription,
    bytes: Uint8Array,
    offset: number,
    out: PacketLayers,
  ): void {
    describe(payload, out);
    if (payload.pictureGroupOffset > 0) {
      this.#group.read(bytes, offset + payload.pictureGroupOffset, payload);
    }
    if (payload.spatialId >= SPATIAL_LAYERS_MAX) {
      out.frameNumberBits = 0;
      return;
    }
    if (payload.spatialLayers > 0) this.#top = payload.spatialLayers - 1;
    this.#top = Math.max(this.#top, payload.spatialId);
    // Z: no upper spatial layer refers to it, so that only viewers of this very layer need it.
    const own = payload.notReferencedAbove;
    out.needed = pointsWithin(
      payload.spatialId,
      own ? payload.spatialId : this.#top,
      payload.temporalId,
    );
    out.active = pointsWithin(0, this.#top, 0);
    if (payload.referencesKnown && !payload.farReference) {
      out.references = payload.references;
      out.flags |= LayerFlag.referencesKnown;
    } else if (!payload.referencesKnown && this.#group.find(payload)) {
      out.references = this.#group.references;
      out.flags |= LayerFlag.referencesKnown;
    }
    if (!payload.interPicture && payload.spatialId === 0) out.switches = ALL_POINTS;
    else if (payload.switchingPoint && payload.temporalId === 0) {
      // U: higher temporal layers do not depend on what came before this frame.
      out.switches = ALL_POINTS;
      out.flags |= LayerFlag.temporalOnly;
    }
  }

  /** Grid points of a set of decode targets. */
  #gridFor(targets: number): number {
    let grid = 0;
    for (let i = 0; i < this.#targets; i += 1) {
      if (((targets >>> i) & 1) === 1) grid |= this.#gridOf[i]!;
    }
    return grid >>> 0;
  }

  /** A new structure: gives each grid point the best decode target at or below it. */
  #follow(dd: DependencyDescriptorReader): void {
    const structure = dd.structure;
    this.#version = dd.version;
    this.#targets = structure.targets;
    for (let i = 0; i < structure.targets; i += 1) {
      this.#pointOf[i] = structure.targetSpatialIds[i]! * 8 + structure.targetTemporalIds[i]!;
      this.#gridOf[i] = 0;
    }
    for (let point = 0; point < SPATIAL_LAYERS_MAX * TEMPORAL_LAYERS_MAX; point += 1) {
      const best = this.#bestTarget(point >> 3, point & 7);
      if (best !== -1) this.#gridOf[best] = (this.#gridOf[best]! | (1 << point)) >>> 0;
    }
  }

  #bestTarget(spatialId: number, temporalId: number): number {
    let best = -1;
    for (let i = 0; i < this.#targets; i += 1) {
      const point = this.#pointOf[i]!;
      if (point >> 3 > spatialId || (point & 7) > temporalId) continue;
      if (best === -1 || point > this.#pointOf[best]!) best = i;
    }
    return best;
  }
}

function describe(payload: PayloadDescription, out: PacketLayers): void {
  out.frameNumber = payload.pictureId;
  out.frameNumberBits = payload.pictureIdBits;
  out.spatialId = payload.spatialId;
  out.temporalId = payload.temporalId;
  if (payload.frameStart) out.flags |= LayerFlag.start;
  if (payload.frameEnd) out.flags |= LayerFlag.end;
}

/** Points of the spatial layers `from` to `to`, of a temporal layer and those above it. */
function pointsWithin(from: number, to: number, temporalId: number): number {
  const row = (0xff << temporalId) & 0xff;
  let points = 0;
  for (let layer = from; layer <= to && layer < SPATIAL_LAYERS_MAX; layer += 1) {
    points |= row << (layer * 8);
  }
  return points >>> 0;
}
