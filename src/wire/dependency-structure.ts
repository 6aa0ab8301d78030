/**
 * The template dependency structure of the Dependency Descriptor (AV1 RTP specification, A.8.2
 * template_dependency_structure): what a keyframe says once, and later frames refer to by template.
 */
import type { BitReader } from "./bits.ts";

const TEMPLATES_MAX = 64;
/** A.8.2: dt_cnt_minus_one has five bits; chains are at most as many. */
export const DECODE_TARGETS_MAX = 32;
/** libwebrtc refuses more; so do the layer ids of its AV1. */
export const SPATIAL_LAYERS_MAX = 4;
export const TEMPORAL_LAYERS_MAX = 8;

/** Table A.1: what a frame is to a decode target. */
const Indication = { notPresent: 0, discardable: 1, switch: 2, required: 3 } as const;

const NEXT_TEMPORAL = 1;
const NEXT_SPATIAL = 2;
const NO_MORE_TEMPLATES = 3;

/** One structure, in arrays made once: reading another one allocates nothing. */
export class DependencyStructure {
  /** template_id_offset, 0..63. */
  idOffset = 0;
  templates = 0;
  targets = 0;
  chains = 0;
  spatialLayers = 0;
  temporalLayers = 0;
  readonly spatialIds = new Uint8Array(TEMPLATES_MAX);
  readonly temporalIds = new Uint8Array(TEMPLATES_MAX);
  /** By template, one bit a decode target. */
  readonly present = new Uint32Array(TEMPLATES_MAX);
  readonly switching = new Uint32Array(TEMPLATES_MAX);
  /** By template: bit d - 1 for a frame difference of d (1..16). */
  readonly references = new Uint32Array(TEMPLATES_MAX);
  /** By template * DECODE_TARGETS_MAX + chain. */
  readonly chainDiffs = new Uint8Array(TEMPLATES_MAX * DECODE_TARGETS_MAX);
  /** By decode target: its chain. */
  readonly protectedBy = new Uint8Array(DECODE_TARGETS_MAX);
  /** By decode target: the highest layers of its frames (decode_target_layers). */
  readonly targetSpatialIds = new Uint8Array(DECODE_TARGETS_MAX);
  readonly targetTemporalIds = new Uint8Array(DECODE_TARGETS_MAX);
  hasResolutions = false;
  /** By spatial layer, when the structure tells. */
  readonly widths = new Uint32Array(SPATIAL_LAYERS_MAX);
  readonly heights = new Uint32Array(SPATIAL_LAYERS_MAX);

  /** Reads one from the bits at hand. False when it breaks its format; its content is then void. */
  read(bits: BitReader): boolean {
    this.idOffset = bits.bits(6);
    this.targets = bits.bits(5) + 1;
    if (!this.#readLayers(bits)) return false;
    this.#readIndications(bits);
    for (let i = 0; i < this.templates; i += 1) {
      let references = 0;
      while (bits.bit() === 1 && !bits.overrun) references |= 1 << bits.bits(4);
      this.references[i] = references;
    }
    this.#readChains(bits);
    this.#findTargetLayers();
    this.hasResolutions = bits.bit() === 1;
    for (let i = 0; this.hasResolutions && i < this.spatialLayers; i += 1) {
      this.widths[i] = bits.bits(16) + 1;
      this.heights[i] = bits.bits(16) + 1;
    }
    return !bits.overrun;
  }

  /** All decode targets, one bit each. */
  get allTargets(): number {
    return this.targets === 32 ? 0xffffffff : ((1 << this.targets) - 1) >>> 0;
  }

  /** Index of a frame_dependency_template_id, or -1: it belongs to another structure. */
  templateOf(id: number): number {
    const index = (id + TEMPLATES_MAX - this.idOffset) % TEMPLATES_MAX;
    return index < this.templates ? index : -1;
  }

  /** A.8.2 template_layers. */
  #readLayers(bits: BitReader): boolean {
    let spatialId = 0;
    let temporalId = 0;
    this.templates = 0;
    this.temporalLayers = 1;
    for (;;) {
      if (this.templates === TEMPLATES_MAX || bits.overrun) return false;
      this.spatialIds[this.templates] = spatialId;
      this.temporalIds[this.templates] = temporalId;
      this.templates += 1;
      const next = bits.bits(2);
      if (next === NO_MORE_TEMPLATES) break;
      if (next === NEXT_TEMPORAL) temporalId += 1;
      if (next === NEXT_SPATIAL) {
        temporalId = 0;
        spatialId += 1;
      }
      if (temporalId >= TEMPORAL_LAYERS_MAX || spatialId >= SPATIAL_LAYERS_MAX) return false;
      this.temporalLayers = Math.max(this.temporalLayers, temporalId + 1);
    }
    this.spatialLayers = spatialId + 1;
    return true;
  }

  #readIndications(bits: BitReader): void {
    for (let i = 0; i < this.templates; i += 1) {
      readIndications(bits, this.targets);
      this.present[i] = indications.present;
      this.switching[i] = indications.switching;
    }
  }

  /** A.8.2 template_chains. */
  #readChains(bits: BitReader): void {
    this.chains = readNonSymmetric(bits, this.targets + 1);
    if (this.chains === 0) return;
    for (let i = 0; i < this.targets; i += 1) {
      this.protectedBy[i] = readNonSymmetric(bits, this.chains);
    }
    for (let i = 0; i < this.templates && !bits.overrun; i += 1) {
      for (let chain = 0; chain < this.chains; chain += 1) {
        this.chainDiffs[i * DECODE_TARGETS_MAX + chain] = bits.bits(4);
      }
    }
  }

  #findTargetLayers(): void {
    for (let target = 0; target < this.targets; target += 1) {
      let spatialId = 0;
      let temporalId = 0;
      for (let i = 0; i < this.templates; i += 1) {
        if (((this.present[i]! >>> target) & 1) === 0) continue;
        spatialId = Math.max(spatialId, this.spatialIds[i]!);
        temporalId = Math.max(temporalId, this.temporalIds[i]!);
      }
      this.targetSpatialIds[target] = spatialId;
      this.targetTemporalIds[target] = temporalId;
    }
  }
}

/** Where `readIndications` leaves its answer: one bit a decode target. */
export const indications = { present: 0, switching: 0 };

/** A.8.2 frame_dtis: two bits a decode target. */
export function readIndications(bits: BitReader, targets: number): void {
  let present = 0;
  let switching = 0;
  for (let target = 0; target < targets; target += 1) {
    const value = bits.bits(2);
    if (value !== Indication.notPresent) present |= 1 << target;
    if (value === Indication.switch) switching |= 1 << target;
  }
  indications.present = present >>> 0;
  indications.switching = switching >>> 0;
}

/** A.8.2 ns(n): 0..n-1 with one bit less for the lower part of the range. */
function readNonSymmetric(bits: BitReader, values: number): number {
  let width = 0;
  for (let left = values; left !== 0; left >>= 1) width += 1;
  const short = (1 << width) - values;
  const value = bits.bits(width - 1);
  return value < short ? value : value * 2 - short + bits.bit();
}
